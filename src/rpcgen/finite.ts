import type { Identifier } from "./ast.ts";
import { EncodedSizes } from "./encoded-size.ts";
import type { NamedType, Type } from "./model.ts";
import type { Scope } from "./scope.ts";

/**
 * Reports the types of which no value could end, since each contains another one: recursion needs a `*`, a `<>` or
 * another arm of a union to stop at (RFC 4506 §4.19).
 *
 * @param places  all named types, with where each is declared
 * @returns whether there is one
 */
export function reportInfinite(places: ReadonlyMap<NamedType, Identifier>, scope: Scope): boolean {
  const sizes = new EncodedSizes([...places.keys()]);
  const isInfinite = (type: Type): boolean => sizes.bytesMin(type) === Number.POSITIVE_INFINITY;
  const path: NamedType[] = [];
  const done = new Set<NamedType>();

  const visit = (type: NamedType): void => {
    const at = path.indexOf(type);
    if (at !== -1) {
      const cycle = [...path.slice(at), type].map((member) => member.name).join(", ");
      scope.report(`"${type.name}" contains itself without end: ${cycle}`, places.get(type)!.span);
    }
    if (at !== -1 || done.has(type)) return;
    path.push(type);
    for (const inner of contentsOf(type)) if (isInfinite(inner)) visit(inner);
    path.pop();
    done.add(type);
  };
  const infinite = [...places.keys()].filter(isInfinite);
  for (const type of infinite) visit(type);
  return infinite.length > 0;
}

/** The named types of which each value of `type` may hold one in place. */
function contentsOf(type: NamedType): NamedType[] {
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
