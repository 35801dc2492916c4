import type { Declaration, NamedDeclaration, TypeReference } from "./ast.ts";
import type { Constants } from "./constants.ts";
import type { FieldModel, Type } from "./model.ts";
import { describe, type Scope } from "./scope.ts";

const BUILTIN_KINDS = {
  int: "int",
  "unsigned int": "uint",
  hyper: "hyper",
  "unsigned hyper": "uhyper",
  float: "float",
  double: "double",
  quadruple: "quadruple",
  bool: "bool",
} as const;

/** Turns types as they are written into types of the model. Only for trees without inline types: see `hoist`. */
export class TypeResolver {
  readonly scope: Scope;
  readonly constants: Constants;

  constructor(scope: Scope, constants: Constants) {
    this.scope = scope;
    this.constants = constants;
  }

  type(node: NamedDeclaration["type"]): Type {
    switch (node.kind) {
      case "builtin":
        return { kind: BUILTIN_KINDS[node.name] };
      case "reference":
        return this.reference(node);
      default:
        throw new Error(`${node.kind} is never a type of its own here`);
    }
  }

  field(node: NamedDeclaration): FieldModel {
    return { name: node.name.text, type: this.declared(node), doc: node.doc };
  }

  /** undefined for void. */
  optionalField(node: Declaration): FieldModel | undefined {
    return node.kind === "void" ? undefined : this.field(node);
  }

  private reference(node: TypeReference): Type {
    const { name, tag } = node;
    const declared = this.scope.find(name);
    if (declared === undefined) return { kind: "void" };
    if (declared.kind === "const" || declared.kind === "member" || declared.kind === "program") {
      this.scope.report(
        `"${name.text}" is ${describe(declared)}, not a type`,
        name.span,
        this.scope.placeOf(name),
      );
      return { kind: "void" };
    }
    if (tag !== undefined && declared.kind !== "typedef" && declared.kind !== tag) {
      const article = tag === "enum" ? "an" : "a";
      const message = `"${name.text}" is ${describe(declared)}, not ${article} ${tag}`;
      this.scope.report(message, node.span, this.scope.placeOf(name));
    }
    return declared;
  }

  declared(node: NamedDeclaration): Type {
    const bound = node.bound && this.constants.bound(node.bound);
    const isFixed = node.kind === "fixed array";
    if (node.type.kind === "opaque") return { kind: isFixed ? "fixed opaque" : "variable opaque", bound };
    if (node.type.kind === "string") return { kind: "string", bound };
    const type = this.type(node.type);
    switch (node.kind) {
      case "plain":
        return type;
      case "optional":
        return { kind: "optional", element: type };
      default:
        return { kind: node.kind, element: type, bound };
    }
  }
}
