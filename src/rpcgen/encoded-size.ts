import { contentsOf } from "./contents.ts";
import { depthFirst } from "./depth-first.ts";
import type { NamedType, Type } from "./model.ts";

const WORD_BYTES = 4;

/**
 * The least bytes that a value of each type takes (RFC 4506 §4). Infinity for a type of which no value can end,
 * because each holds another one.
 *
 * Types refer to each other in circles, so the sizes are brought down from Infinity until none changes any more.
 * A type is looked at when its contents have been, so that where there is no circle the first time is the last.
 */
export class EncodedSizes {
  private readonly sizes = new Map<NamedType, number>();

  constructor(types: readonly NamedType[]) {
    const contentsFirst = depthFirst(types, contentsOf);
    for (let changed = true; changed; ) {
      changed = false;
      for (const type of contentsFirst) {
        const size = this.contentBytesMin(type);
        changed ||= size !== this.bytesMin(type);
        this.sizes.set(type, size);
      }
    }
  }

  bytesMin(type: Type): number {
    switch (type.kind) {
      case "void":
        return 0;
      case "hyper":
      case "uhyper":
      case "double":
        return 2 * WORD_BYTES;
      case "quadruple":
        return 4 * WORD_BYTES;
      case "fixed opaque":
        return Math.ceil((type.bound?.value ?? 0) / WORD_BYTES) * WORD_BYTES;
      case "fixed array":
        return type.bound?.value === 0 ? 0 : (type.bound?.value ?? 1) * this.bytesMin(type.element);
      case "enum":
      case "struct":
      case "union":
      case "typedef":
        return this.sizes.get(type) ?? Number.POSITIVE_INFINITY;
      // A number, or the word that says that there is nothing: an empty array, an optional that is absent.
      default:
        return WORD_BYTES;
    }
  }

  private contentBytesMin(type: NamedType): number {
    switch (type.kind) {
      case "enum":
        return WORD_BYTES;
      case "typedef":
        return this.bytesMin(type.target);
      case "struct":
        return type.fields.reduce((sum, field) => sum + this.bytesMin(field.type), 0);
      case "union": {
        const arms = type.otherwise === undefined ? type.arms : [...type.arms, type.otherwise];
        const sizes = arms.map((arm) => (arm.field === undefined ? 0 : this.bytesMin(arm.field.type)));
        const least = sizes.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
        return this.bytesMin(type.discriminant.type) + least;
      }
    }
  }
}
