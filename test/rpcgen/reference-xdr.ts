/**
 * A second, slow implementation of RFC 4506 §4 that follows the resolved model, to compare generated codecs with; and
 * arbitrary values of each type.
 */
import fc from "fast-check";
import {
  discriminantType,
  type FieldModel,
  reachableDefault,
  type Type,
  type UnionModel,
} from "../../src/rpcgen/model.ts";
import type { Names } from "../../src/rpcgen/names.ts";
import { isBoxed } from "../../src/rpcgen/recursion.ts";

/** How far arbitrary values go into types that contain themselves. */
const DEPTH_MAX = 4;

type Fields = Record<string, unknown>;

export class ReferenceXdr {
  private readonly names: Names;
  private readonly hyper: "bigint" | "number";

  constructor(names: Names, hyper: "bigint" | "number") {
    this.names = names;
    this.hyper = hyper;
  }

  encode(type: Type, value: unknown): Buffer {
    switch (type.kind) {
      case "void":
        return Buffer.alloc(0);
      case "int":
      case "enum":
        return word((buffer) => buffer.writeInt32BE(value as number));
      case "uint":
        return word((buffer) => buffer.writeUInt32BE(value as number));
      case "bool":
        return word((buffer) => buffer.writeInt32BE(value === true ? 1 : 0));
      case "float":
        return word((buffer) => buffer.writeFloatBE(value as number));
      case "double":
        return word((buffer) => buffer.writeDoubleBE(value as number), 8);
      case "hyper":
        return word((buffer) => buffer.writeBigInt64BE(BigInt(value as bigint)), 8);
      case "uhyper":
        return word((buffer) => buffer.writeBigUInt64BE(BigInt(value as bigint)), 8);
      case "quadruple":
        return Buffer.from(value as Uint8Array);
      case "fixed opaque":
        return padded(value as Uint8Array);
      case "variable opaque":
        return withLength((value as Uint8Array).length, padded(value as Uint8Array));
      case "string":
        return withLength(Buffer.byteLength(value as string), padded(Buffer.from(value as string)));
      case "fixed array":
        return Buffer.concat((value as unknown[]).map((item) => this.encode(type.element, item)));
      case "variable array": {
        const items = value as unknown[];
        return withLength(items.length, Buffer.concat(items.map((item) => this.encode(type.element, item))));
      }
      case "optional": {
        if (value === null) return word((buffer) => buffer.writeInt32BE(0));
        const present = isBoxed(type.element) ? (value as Fields)["value"] : value;
        return withLength(1, this.encode(type.element, present));
      }
      case "typedef":
        return this.encode(type.target, value);
      case "struct":
        return this.encodeFields(type.fields, value as Fields);
      case "union":
        return this.encodeUnion(type, value as Fields);
    }
  }

  private encodeFields(fields: readonly FieldModel[], value: Fields): Buffer {
    return Buffer.concat(fields.map((field) => this.encode(field.type, value[this.names.field(field)])));
  }

  private encodeUnion(union: UnionModel, value: Fields): Buffer {
    const discriminant = Number(value[this.names.field(union.discriminant)]);
    const arm = union.arms.find(({ labels }) => labels.some((label) => label.value === discriminant));
    const { field } = arm ?? union.otherwise ?? {};
    return this.encodeFields([union.discriminant, ...(field === undefined ? [] : [field])], value);
  }

  arbitrary(type: Type, depth = 0): fc.Arbitrary<unknown> {
    switch (type.kind) {
      case "void":
        return fc.constant(undefined);
      case "int":
        return fc.integer();
      case "uint":
        return fc.nat({ max: 0xffffffff });
      case "bool":
        return fc.boolean();
      case "float":
        return fc.float();
      case "double":
        return fc.double();
      case "hyper":
        return this.hyper === "number"
          ? fc.maxSafeInteger()
          : fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
      case "uhyper":
        return this.hyper === "number" ? fc.maxSafeNat() : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
      case "quadruple":
        return fc.uint8Array({ minLength: 16, maxLength: 16 });
      case "fixed opaque":
        return fc.uint8Array({ minLength: type.bound!.value, maxLength: type.bound!.value });
      case "variable opaque":
        return fc.uint8Array({ maxLength: Math.min(type.bound?.value ?? 9, 9) });
      case "string":
        return fc
          .string({ unit: "binary", maxLength: 9 })
          .filter(
            (text) =>
              Buffer.from(text).toString() === text && Buffer.byteLength(text) <= (type.bound?.value ?? 9),
          );
      case "fixed array":
        return this.arbitraryArray(type.element, type.bound!.value, type.bound!.value, depth);
      case "variable array":
        return this.arbitraryArray(
          type.element,
          0,
          depth >= DEPTH_MAX ? 0 : Math.min(type.bound?.value ?? 3, 3),
          depth,
        );
      case "optional": {
        if (depth >= DEPTH_MAX) return fc.constant(null);
        const element = this.arbitrary(type.element, depth + 1);
        return fc.option(
          isBoxed(type.element) ? fc.record({ value: element }, { noNullPrototype: true }) : element,
        );
      }
      case "enum":
        return fc.constantFrom(...type.members.map((member) => member.value));
      case "typedef":
        return this.arbitrary(type.target, depth);
      case "struct":
        return this.arbitraryFields(type.fields, depth);
      case "union":
        return this.arbitraryUnion(type, depth);
    }
  }

  private arbitraryArray(element: Type, min: number, max: number, depth: number): fc.Arbitrary<unknown> {
    if (max === 0) return fc.constant([]);
    return fc.array(this.arbitrary(element, depth + 1), { minLength: min, maxLength: max });
  }

  private arbitraryFields(fields: readonly FieldModel[], depth: number): fc.Arbitrary<Fields> {
    const entries = fields.map(
      (field) => [this.names.field(field), this.arbitrary(field.type, depth + 1)] as const,
    );
    return fc.record(Object.fromEntries(entries), { noNullPrototype: true });
  }

  private arbitraryUnion(union: UnionModel, depth: number): fc.Arbitrary<unknown> {
    const type = discriminantType(union);
    const taken = new Set(union.arms.flatMap((arm) => arm.labels.map((label) => label.value)));
    const tag = this.names.field(union.discriminant);
    const arms = union.arms.map((arm) => ({
      field: arm.field,
      tags: fc.constantFrom(...arm.labels.map((label) => label.value)),
    }));
    const otherwise = reachableDefault(union);
    if (otherwise !== undefined) {
      const tags = (
        type.kind === "enum"
          ? fc.constantFrom(...type.members.map((member) => member.value))
          : this.arbitrary({ kind: type.kind }).map(Number)
      ) as fc.Arbitrary<number>;
      arms.push({ field: otherwise.field, tags: tags.filter((value) => !taken.has(value)) });
    }
    // Only the last arm of a recursive union is sure to end.
    const possible = depth >= DEPTH_MAX ? arms.slice(-1) : arms;
    return fc.oneof(
      ...possible.map(({ field, tags }) => {
        const rest = this.arbitraryFields(field === undefined ? [] : [field], depth);
        return fc.tuple(tags, rest).map(([value, fields]) => ({
          [tag]: type.kind === "bool" ? value === 1 : value,
          ...fields,
        }));
      }),
    );
  }
}

function word(write: (buffer: Buffer) => void, bytes = 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  write(buffer);
  return buffer;
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

function withLength(length: number, content: Buffer): Buffer {
  return Buffer.concat([word((buffer) => buffer.writeUInt32BE(length)), content]);
}
