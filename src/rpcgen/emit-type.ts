import type { EmitContext } from "./emit-context.ts";
import type { Type } from "./model.ts";
import { isBoxed } from "./recursion.ts";

/** The TypeScript type of a value of `type`. */
export function typeText(type: Type, context: EmitContext): string {
  switch (type.kind) {
    case "void":
      return "void";
    case "int":
    case "uint":
    case "float":
    case "double":
      return "number";
    case "hyper":
    case "uhyper":
      return context.options.hyper;
    case "bool":
      return "boolean";
    case "string":
      return "string";
    case "quadruple":
    case "fixed opaque":
    case "variable opaque":
      return "Uint8Array";
    case "fixed array":
    case "variable array":
      return `readonly ${typeText(type.element, context)}[]`;
    case "optional": {
      const element = typeText(type.element, context);
      return isBoxed(type.element) ? `{ readonly value: ${element} } | null` : `${element} | null`;
    }
    default:
      return context.names.type(type);
  }
}

/** `type foo<BOUND>;` and the like: the declaration as the `.x` file has it, but for comments. */
export function declarationText(name: string, type: Type): string {
  switch (type.kind) {
    case "fixed opaque":
      return `opaque ${name}[${boundText(type.bound)}]`;
    case "variable opaque":
      return `opaque ${name}<${boundText(type.bound)}>`;
    case "string":
      return `string ${name}<${boundText(type.bound)}>`;
    case "fixed array":
      return `${specifierText(type.element)} ${name}[${boundText(type.bound)}]`;
    case "variable array":
      return `${specifierText(type.element)} ${name}<${boundText(type.bound)}>`;
    case "optional":
      return `${specifierText(type.element)} *${name}`;
    default:
      return `${specifierText(type)} ${name}`;
  }
}

function boundText(bound: Extract<Type, { bound: unknown }>["bound"]): string {
  return bound === undefined ? "" : (bound.constant?.name ?? String(bound.value));
}

function specifierText(type: Type): string {
  if (type.kind === "uint") return "unsigned int";
  if (type.kind === "uhyper") return "unsigned hyper";
  return "name" in type ? type.name : type.kind;
}
