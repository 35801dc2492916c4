/**
 * The syntax tree of a `.x` file: what stands in it, in its words. Nothing is looked up yet.
 * Nodes are named for the productions of RFC 4506 §6.3 and RFC 5531 §12.2.
 */
import type { Span } from "./source.ts";

/** The comments that belong to a node, as clean text, one string a line; empty when there are none. */
export type Doc = readonly string[];

export interface Identifier {
  readonly text: string;
  readonly span: Span;
}

/** constant: decimal, hexadecimal or octal. */
export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
  readonly text: string;
  readonly span: Span;
}

export interface ConstantReference {
  readonly kind: "reference";
  readonly text: string;
  readonly span: Span;
}

export type Value = Constant | ConstantReference;

export type BuiltinName =
  | "int"
  | "unsigned int"
  | "hyper"
  | "unsigned hyper"
  | "float"
  | "double"
  | "quadruple"
  | "bool";

export interface BuiltinType {
  readonly kind: "builtin";
  readonly name: BuiltinName;
  readonly span: Span;
}

/** `opaque` and `string` are not type-specifiers of the grammar: they only occur with a length. */
export interface BytesType {
  readonly kind: "opaque" | "string";
  readonly span: Span;
}

export interface TypeReference {
  readonly kind: "reference";
  readonly name: Identifier;
  /** `struct foo` says more than `foo`: that it is a struct. */
  readonly tag: "struct" | "union" | "enum" | undefined;
  readonly span: Span;
}

export interface EnumMember {
  readonly name: Identifier;
  readonly value: Value;
  readonly doc: Doc;
}

export interface EnumType {
  readonly kind: "enum";
  readonly members: readonly EnumMember[];
  /** Of the comment behind the opening brace. */
  readonly doc: Doc;
  readonly span: Span;
}

export interface StructType {
  readonly kind: "struct";
  readonly fields: readonly Declaration[];
  /** Of the comment behind the opening brace. */
  readonly doc: Doc;
  readonly span: Span;
}

export interface CaseSpec {
  readonly labels: readonly Value[];
  readonly declaration: Declaration;
  readonly doc: Doc;
}

export interface DefaultSpec {
  readonly declaration: Declaration;
  readonly doc: Doc;
}

export interface UnionType {
  readonly kind: "union";
  readonly discriminant: NamedDeclaration;
  readonly cases: readonly CaseSpec[];
  readonly otherwise: DefaultSpec | undefined;
  /** Of the comment behind the opening brace. */
  readonly doc: Doc;
  readonly span: Span;
}

export type TypeSpecifier = BuiltinType | TypeReference | EnumType | StructType | UnionType;

export interface VoidDeclaration {
  readonly kind: "void";
  readonly span: Span;
  readonly doc: Doc;
}

export interface NamedDeclaration {
  readonly kind: "plain" | "fixed array" | "variable array" | "optional";
  readonly type: TypeSpecifier | BytesType;
  readonly name: Identifier;
  /** What stands in the brackets; undefined for `<>` and where there are none. */
  readonly bound: Value | undefined;
  readonly span: Span;
  readonly doc: Doc;
}

export type Declaration = VoidDeclaration | NamedDeclaration;

export interface ConstantDefinition {
  readonly kind: "const";
  readonly name: Identifier;
  readonly value: Constant;
  readonly doc: Doc;
}

/** `typedef declaration`. */
export interface TypedefDefinition {
  readonly kind: "typedef";
  readonly name: Identifier;
  readonly declaration: NamedDeclaration;
  readonly doc: Doc;
}

/** `enum`, `struct` or `union` with a name. */
export interface TypeDefinition {
  readonly kind: "type";
  readonly name: Identifier;
  readonly type: EnumType | StructType | UnionType;
  readonly doc: Doc;
}

export interface ProcedureDefinition {
  readonly name: Identifier;
  readonly number: Constant;
  /** undefined: void. */
  readonly result: TypeSpecifier | undefined;
  readonly args: readonly TypeSpecifier[];
  readonly doc: Doc;
}

export interface VersionDefinition {
  readonly name: Identifier;
  readonly number: Constant;
  readonly procedures: readonly ProcedureDefinition[];
  readonly doc: Doc;
}

export interface ProgramDefinition {
  readonly kind: "program";
  readonly name: Identifier;
  readonly number: Constant;
  readonly versions: readonly VersionDefinition[];
  readonly doc: Doc;
}

export type Definition = ConstantDefinition | TypedefDefinition | TypeDefinition | ProgramDefinition;

export interface Specification {
  /** The comment at the head of the file, when a blank line sets it off from the first definition. */
  readonly doc: Doc;
  readonly definitions: readonly Definition[];
}
