import {
  discriminantType,
  type FieldModel,
  reachableDefault,
  type Type,
  type UnionModel,
} from "../../src/rpcgen/model.ts";
import type { Names } from "../../src/rpcgen/names.ts";

/** More would only make the C program longer. */
const LENGTH_MAX = 9;
const ARRAY_LENGTH_MAX = 3;
/** Of one number in so many, an edge of its type is taken. */
const EDGE_ODDS = 4;

/** Makes random values of the types of a `.x` file, in the form that generated codecs have them. */
export class RandomValues {
  private readonly names: Names;
  private readonly random: () => number;

  constructor(names: Names, random: () => number) {
    this.names = names;
    this.random = random;
  }

  of(type: Type): unknown {
    switch (type.kind) {
      case "void":
        return undefined;
      case "bool":
        return this.below(2) === 1;
      case "int":
        return this.number(-(2 ** 31), 2 ** 31 - 1);
      case "uint":
        return this.number(0, 2 ** 32 - 1);
      case "hyper":
        return this.number(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      case "uhyper":
        return this.number(0, Number.MAX_SAFE_INTEGER);
      case "enum":
        return this.pick(type.members).value;
      case "fixed opaque":
        return this.bytes(type.bound!.value);
      case "variable opaque":
        return this.bytes(this.below(LENGTH_MAX + 1));
      case "string":
        return this.text(this.below(LENGTH_MAX + 1));
      case "variable array":
        return Array.from({ length: this.below(ARRAY_LENGTH_MAX + 1) }, () => this.of(type.element));
      case "fixed array":
        return Array.from({ length: type.bound!.value }, () => this.of(type.element));
      case "optional":
        return this.below(2) === 0 ? null : this.of(type.element);
      case "typedef":
        return this.of(type.target);
      case "struct":
        return this.fields(type.fields);
      case "union":
        return this.union(type);
      default:
        throw new Error(`no contract of ours has a ${type.kind}`);
    }
  }

  private fields(fields: readonly FieldModel[]): Record<string, unknown> {
    return Object.fromEntries(fields.map((field) => [this.names.field(field), this.of(field.type)]));
  }

  private union(union: UnionModel): Record<string, unknown> {
    const discriminant = this.discriminant(union);
    const arm = union.arms.find(({ labels }) => labels.some(({ value }) => value === discriminant));
    const { field } = arm ?? union.otherwise ?? {};
    const value = { [this.names.field(union.discriminant)]: discriminant };
    return field === undefined ? value : { ...value, ...this.fields([field]) };
  }

  /** A value that some arm is for, each arm as likely as any other. */
  private discriminant(union: UnionModel): number {
    const labelled = union.arms.flatMap(({ labels }) => labels.map(({ value }) => value));
    if (reachableDefault(union) === undefined) return this.pick(labelled);
    const type = discriminantType(union);
    if (type.kind !== "enum")
      throw new Error(`${union.name}: no contract of ours has a default for a number`);
    const rest = type.members.map(({ value }) => value).filter((value) => !labelled.includes(value));
    return this.pick([...labelled, this.pick(rest)]);
  }

  private number(least: number, most: number): number {
    if (this.below(EDGE_ODDS) === 0) return this.pick([least, 0, 1, most]);
    // Numbers of every size, most of which would never come up were all numbers as likely.
    const magnitude = Math.floor(2 ** (this.random() * Math.log2(most)));
    return least < 0 && this.below(2) === 0 ? -magnitude : magnitude;
  }

  private bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Without zero bytes, which end a string in C. */
  private text(length: number): string {
    return Array.from({ length }, () =>
      this.pick(["a", "Z", "7", " ", '"', "\\", "?", "\n", "é", "€", "𝄞"]),
    ).join("");
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  private below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
}
