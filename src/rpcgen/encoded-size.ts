import { reachableDefault, type Type } from "./model.ts";

const WORD_BYTES = 4;

/** The least bytes that a value of the type takes (RFC 4506 §4). Ends, since every type is finite. */
export function encodedBytesMin(type: Type): number {
  switch (type.kind) {
    case "void":
      return 0;
    case "int":
    case "uint":
    case "float":
    case "bool":
    case "enum":
      return WORD_BYTES;
    case "hyper":
    case "uhyper":
    case "double":
      return 2 * WORD_BYTES;
    case "quadruple":
      return 4 * WORD_BYTES;
    case "fixed opaque":
      return Math.ceil(type.bound!.value / WORD_BYTES) * WORD_BYTES;
    // Each of them may be empty or absent, which one word says.
    case "variable opaque":
    case "string":
    case "variable array":
    case "optional":
      return WORD_BYTES;
    case "fixed array":
      return Math.min(type.bound!.value * encodedBytesMin(type.element), Number.MAX_SAFE_INTEGER);
    case "typedef":
      return encodedBytesMin(type.target);
    case "struct":
      return type.fields.reduce((sum, field) => sum + encodedBytesMin(field.type), 0);
    case "union": {
      const otherwise = reachableDefault(type);
      const arms = otherwise === undefined ? type.arms : [...type.arms, otherwise];
      const sizes = arms.map((arm) => (arm.field === undefined ? 0 : encodedBytesMin(arm.field.type)));
      return encodedBytesMin(type.discriminant.type) + Math.min(...sizes);
    }
  }
}
