/**
 * What a `.x` file means: names are looked up, values are computed, anonymous types have names, recursion is
 * known. Types refer to each other directly, so the model may be cyclic.
 */
import type { Doc } from "./ast.ts";

/** A length or bound, 0 to 2^32 − 1. */
export interface Bound {
  readonly value: number;
  /** What the file says instead of a number: the name of a constant or of a member of an enum. */
  readonly constant: ConstantModel | EnumMemberModel | undefined;
}

export interface ScalarType {
  readonly kind: "int" | "uint" | "hyper" | "uhyper" | "float" | "double" | "quadruple" | "bool" | "void";
}

/** opaque[bound], opaque<bound> or string<bound>; without a bound, 2^32 − 1 bytes. */
export interface BytesType {
  readonly kind: "fixed opaque" | "variable opaque" | "string";
  readonly bound: Bound | undefined;
}

export interface ArrayType {
  readonly kind: "fixed array" | "variable array";
  readonly element: Type;
  readonly bound: Bound | undefined;
}

export interface OptionalType {
  readonly kind: "optional";
  readonly element: Type;
}

export type NamedType = EnumModel | StructModel | UnionModel | TypedefModel;
export type Type = ScalarType | BytesType | ArrayType | OptionalType | NamedType;

export interface ConstantModel {
  readonly kind: "const";
  readonly name: string;
  readonly value: bigint;
  /** As written, in its base. */
  readonly text: string;
  readonly doc: Doc;
}

export interface EnumMemberModel {
  readonly kind: "member";
  readonly name: string;
  readonly value: number;
  readonly owner: EnumModel;
  readonly doc: Doc;
}

export interface EnumModel {
  readonly kind: "enum";
  readonly name: string;
  readonly members: EnumMemberModel[];
  readonly doc: Doc;
}

export interface FieldModel {
  /** As in the `.x` file. */
  readonly name: string;
  readonly type: Type;
  readonly doc: Doc;
}

export interface StructModel {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: FieldModel[];
  readonly doc: Doc;
}

/** A case label: the number on the wire, and what the file calls it. */
export interface LabelModel {
  readonly value: number;
  readonly constant: ConstantModel | EnumMemberModel | undefined;
}

export interface ArmModel {
  readonly labels: LabelModel[];
  /** undefined: void. */
  readonly field: FieldModel | undefined;
  readonly doc: Doc;
}

export interface DefaultArmModel {
  readonly field: FieldModel | undefined;
  readonly doc: Doc;
}

/** What the type of a discriminant comes down to. */
export type DiscriminantType = EnumModel | { readonly kind: "int" | "uint" | "bool" };

export interface UnionModel {
  readonly kind: "union";
  readonly name: string;
  readonly doc: Doc;
  discriminant: FieldModel;
  readonly arms: ArmModel[];
  otherwise: DefaultArmModel | undefined;
}

export interface TypedefModel {
  readonly kind: "typedef";
  readonly name: string;
  readonly doc: Doc;
  target: Type;
}

export interface ProcedureModel {
  readonly name: string;
  readonly number: number;
  readonly numberText: string;
  readonly args: readonly Type[];
  readonly result: Type;
  readonly doc: Doc;
}

export interface VersionModel {
  readonly name: string;
  readonly number: number;
  readonly numberText: string;
  readonly procedures: readonly ProcedureModel[];
  readonly doc: Doc;
}

export interface ProgramModel {
  readonly kind: "program";
  readonly name: string;
  readonly number: number;
  readonly numberText: string;
  readonly versions: readonly VersionModel[];
  readonly doc: Doc;
}

export type DefinitionModel = ConstantModel | NamedType | ProgramModel;

export interface Model {
  readonly doc: Doc;
  /** In the order of the file; a type without a name comes right before the one that it stands in. */
  readonly definitions: readonly DefinitionModel[];
}

export function namedTypes(model: Model): NamedType[] {
  return model.definitions.filter(
    (definition) => definition.kind !== "const" && definition.kind !== "program",
  );
}

/** The type behind the typedefs. */
export function withoutTypedefs(type: Type): Exclude<Type, TypedefModel> {
  let bare = type;
  while (bare.kind === "typedef") bare = bare.target;
  return bare;
}

/** What a union switches on, typedefs aside; the resolver let nothing else pass (RFC 4506 §4.15). */
export function discriminantType(union: UnionModel): DiscriminantType {
  const type = withoutTypedefs(union.discriminant.type);
  if (type.kind === "enum") return type;
  return { kind: type.kind === "uint" || type.kind === "bool" ? type.kind : "int" };
}

/** Whether every value of the discriminant has an arm of its own, so that a default arm can never be chosen. */
export function coversAll(union: UnionModel): boolean {
  const type = discriminantType(union);
  const labels = new Set(union.arms.flatMap((arm) => arm.labels.map((label) => label.value)));
  if (type.kind === "bool") return labels.size === 2;
  return type.kind === "enum" && type.members.every((member) => labels.has(member.value));
}

/**
 * Whether only the fields of a union tell its arms apart: to TypeScript a default arm has any number, so beside it
 * a number as the discriminant does not.
 */
export function isToldApartByFields(union: UnionModel): boolean {
  const { kind } = discriminantType(union);
  return (kind === "int" || kind === "uint") && reachableDefault(union) !== undefined;
}

/** The union's default arm, unless no value can choose it. */
export function reachableDefault(union: UnionModel): DefaultArmModel | undefined {
  return coversAll(union) ? undefined : union.otherwise;
}
