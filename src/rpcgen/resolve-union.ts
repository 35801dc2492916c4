import type { UnionType, Value } from "./ast.ts";
import { INT_MAX, INT_MIN, UINT_MAX } from "./constants.ts";
import { type EnumModel, type LabelModel, type Type, type UnionModel, withoutTypedefs } from "./model.ts";
import { reportDuplicates } from "./scope.ts";
import type { Span } from "./source.ts";
import type { TypeResolver } from "./type-resolver.ts";

/**
 * Fills in the discriminant and the arms of a union.
 * @returns what resolves the labels, once the types are sound
 */
export function resolveArms(model: UnionModel, node: UnionType, types: TypeResolver): () => void {
  model.discriminant = types.field(node.discriminant);
  for (const arm of node.cases) {
    model.arms.push({ labels: [], field: types.optionalField(arm.declaration), doc: arm.doc });
  }
  const otherwise = node.otherwise;
  if (otherwise !== undefined) {
    model.otherwise = { field: types.optionalField(otherwise.declaration), doc: otherwise.doc };
  }
  const arms = otherwise === undefined ? node.cases : [...node.cases, otherwise];
  const names = arms.flatMap(({ declaration }) => (declaration.kind === "void" ? [] : [declaration.name]));
  reportDuplicates(types.scope, names, `union ${model.name}`);
  return () => new Labels(model, types).resolve(node);
}

/** The case labels of one union (RFC 4506 §6.4 (5)): legal values of the discriminant, each once. */
class Labels {
  private readonly model: UnionModel;
  private readonly types: TypeResolver;
  private readonly seen = new Map<number, Span>();

  constructor(model: UnionModel, types: TypeResolver) {
    this.model = model;
    this.types = types;
  }

  resolve(node: UnionType): void {
    const type = withoutTypedefs(this.model.discriminant.type);
    const labelOf = this.labelReader(type);
    if (labelOf === undefined) {
      // An undefined type is void here, and was reported.
      if (type.kind === "void") return;
      const message = "a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)";
      this.types.scope.report(message, node.discriminant.span);
      return;
    }
    this.resolveEach(node, labelOf);
  }

  /** How the labels of a discriminant of this type are read; undefined when it must not be one. */
  private labelReader(type: Type): ((value: Value) => LabelModel | undefined) | undefined {
    switch (type.kind) {
      case "enum":
        return (value) => this.enumLabel(value, type);
      case "bool":
        return (value) => this.boolLabel(value);
      case "int":
        return (value) => this.intLabel(value, INT_MIN, INT_MAX);
      case "uint":
        return (value) => this.intLabel(value, 0, UINT_MAX);
      default:
        return undefined;
    }
  }

  private resolveEach(node: UnionType, labelOf: (value: Value) => LabelModel | undefined): void {
    for (const [index, arm] of node.cases.entries()) {
      for (const value of arm.labels) {
        const label = labelOf(value);
        if (label !== undefined && this.isNew(label, value)) this.model.arms[index]!.labels.push(label);
      }
    }
  }

  private isNew(label: LabelModel, value: Value): boolean {
    const first = this.seen.get(label.value);
    if (first === undefined) {
      this.seen.set(label.value, value.span);
      return true;
    }
    const said = label.value.toString() === value.text ? value.text : `${value.text} (${label.value})`;
    this.types.scope.reportDuplicate(`there already is a case ${said}`, value.span, first, "first used here");
    return false;
  }

  private enumLabel(value: Value, type: EnumModel): LabelModel | undefined {
    const evaluated = this.types.constants.evaluate(value);
    if (evaluated === undefined) return undefined;
    const { constant } = evaluated;
    const isForeign = constant?.kind === "member" && constant.owner !== type;
    const member = type.members.find((candidate) => BigInt(candidate.value) === evaluated.value);
    if (member === undefined || isForeign) {
      const related = value.kind === "reference" ? this.types.scope.placeOf(value) : undefined;
      const name = value.kind === "reference" ? `"${value.text}"` : value.text;
      const message = `${name} is not a member of enum ${type.name}`;
      this.types.scope.report(message, value.span, related);
      return undefined;
    }
    return { value: member.value, constant: constant?.kind === "member" ? constant : member };
  }

  /** bool is the enum { FALSE = 0, TRUE = 1 } (RFC 4506 §4.4). */
  private boolLabel(value: Value): LabelModel | undefined {
    if (value.text === "TRUE") return { value: 1, constant: undefined };
    if (value.text === "FALSE") return { value: 0, constant: undefined };
    const evaluated = this.types.constants.evaluate(value);
    if (evaluated === undefined) return undefined;
    if (evaluated.value === 0n || evaluated.value === 1n) {
      return { value: Number(evaluated.value), constant: undefined };
    }
    this.types.scope.report("a case of a bool must be TRUE or FALSE", value.span);
    return undefined;
  }

  private intLabel(value: Value, low: number, high: number): LabelModel | undefined {
    const evaluated = this.types.constants.evaluate(value);
    if (evaluated === undefined) return undefined;
    if (!this.types.constants.inRange(evaluated.value, low, high, "a case", value.span)) return undefined;
    return { value: Number(evaluated.value), constant: evaluated.constant };
  }
}
