import type { EmitContext } from "./emit-context.ts";
import { type ArrayType, type NamedType, type OptionalType, type Type, withoutTypedefs } from "./model.ts";
import { block, call, group, indent, line, type Printable } from "./printable.ts";
import { isBoxed } from "./recursion.ts";

/** The methods of XdrWriter and XdrReader for types without parts. */
const SCALAR_METHODS = {
  int: "int32",
  uint: "uint32",
  float: "float",
  double: "double",
  quadruple: "quadruple",
  bool: "bool",
} as const;

export function scalarMethod(
  kind: keyof typeof SCALAR_METHODS | "hyper" | "uhyper",
  context: EmitContext,
): string {
  if (kind === "hyper" || kind === "uhyper")
    return context.options.hyper === "number" ? `${kind}Number` : kind;
  return SCALAR_METHODS[kind];
}

/** The named type whose codec does the work: typedefs that only rename are passed by. */
export function codecOwner(type: NamedType): NamedType {
  let owner = type;
  while (owner.kind === "typedef") {
    const { target } = owner;
    if (!isNamed(target)) break;
    owner = target;
  }
  return owner;
}

function isNamed(type: Type): type is NamedType {
  return type.kind === "enum" || type.kind === "struct" || type.kind === "union" || type.kind === "typedef";
}

/** What stands in for a typedef: bytes and numbers are written in place, so that errors name the field. */
export function inPlace(type: Type): Type {
  if (type.kind !== "typedef") return type;
  const bare = withoutTypedefs(type);
  switch (bare.kind) {
    case "optional":
    case "fixed array":
    case "variable array":
      return codecOwner(type);
    default:
      return bare;
  }
}

/**
 * The statements that write `value`, an expression, as `type`.
 * @param field  what an error says of the place, as a TypeScript string
 */
export function encodeStatements(
  type: Type,
  value: string,
  field: string,
  context: EmitContext,
): Printable[] {
  const inner = inPlace(type);
  switch (inner.kind) {
    case "void":
      return [];
    case "fixed opaque":
      return [[call("writer.fixedOpaque", [value, context.bound(inner.bound), field]), ";"]];
    case "variable opaque":
      return [[call("writer.varOpaque", [value, context.bound(inner.bound), field]), ";"]];
    case "string":
      return [[call("writer.string", [value, context.bound(inner.bound), field]), ";"]];
    case "fixed array":
    case "variable array":
      return encodeArray(inner, value, field, context);
    case "optional":
      return encodeOptional(inner, value, field, context);
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return [[call(`${context.names.codec(inner)}.encode`, ["writer", value]), ";"]];
    default:
      return [[call(`writer.${scalarMethod(inner.kind, context)}`, [value, field]), ";"]];
  }
}

function encodeArray(type: ArrayType, value: string, field: string, context: EmitContext): Printable[] {
  const method = type.kind === "fixed array" ? "writer.fixedArrayLength" : "writer.arrayLength";
  const length = call(method, [`${value}.length`, context.bound(type.bound), field]);
  const each = encodeStatements(type.element, "item", field, context);
  return [[length, ";"], governed(`for (const item of ${value})`, each)];
}

function encodeOptional(type: OptionalType, value: string, field: string, context: EmitContext): Printable[] {
  const present = isBoxed(type.element) ? `${value}.value` : value;
  const statements = encodeStatements(type.element, present, field, context);
  return [
    [call("writer.bool", [`${value} !== null`, field]), ";"],
    governed(`if (${value} !== null)`, statements),
  ];
}

/** `for` or `if` and what it governs: one statement without braces, or several in braces. */
export function governed(header: Printable, statements: readonly Printable[]): Printable {
  const [only] = statements;
  if (statements.length === 1 && only !== undefined) return group(header, indent(line, only));
  return [header, " ", block(statements)];
}
