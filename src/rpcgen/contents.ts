import type { NamedType, Type } from "./model.ts";

/** The named types of which each value of `type` may hold one in place. */
export function contentsOf(type: NamedType): NamedType[] {
  switch (type.kind) {
    case "enum":
      return [];
    case "typedef":
      return inPlace(type.target);
    case "struct":
      return type.fields.flatMap((field) => inPlace(field.type));
    case "union": {
      const fields = [type.discriminant, ...type.arms.map((arm) => arm.field), type.otherwise?.field];
      return fields.flatMap((field) => (field === undefined ? [] : inPlace(field.type)));
    }
  }
}

function inPlace(type: Type): NamedType[] {
  switch (type.kind) {
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return [type];
    case "fixed array":
      return inPlace(type.element);
    default:
      return [];
  }
}
