import type { Identifier } from "./ast.ts";
import type { NamedType, Type } from "./model.ts";
import type { Scope } from "./scope.ts";

/**
 * Reports the types that contain themselves with no `*` or `<>` between, of which no value could end
 * (RFC 4506 §4.19 builds recursion on optional data).
 *
 * @param places  all named types, with where each is declared
 * @returns whether there is one
 */
export function reportInfinite(places: ReadonlyMap<NamedType, Identifier>, scope: Scope): boolean {
  const finite = new Set<NamedType>();
  const path: NamedType[] = [];
  let found = false;

  const visit = (type: NamedType): void => {
    if (finite.has(type)) return;
    const at = path.indexOf(type);
    if (at !== -1) {
      found = true;
      const place = places.get(type)!;
      const cycle = [...path.slice(at), type].map((member) => member.name).join(", ");
      scope.report(`"${type.name}" contains itself with no "*" or "<>" between: ${cycle}`, place.span);
      return;
    }
    path.push(type);
    for (const inner of containedIn(type)) visit(inner);
    path.pop();
    finite.add(type);
  };
  for (const type of places.keys()) visit(type);
  return found;
}

/** The named types of which each value of `type` may hold one inline. */
function containedIn(type: NamedType): NamedType[] {
  switch (type.kind) {
    case "enum":
      return [];
    case "typedef":
      return inline(type.target);
    case "struct":
      return type.fields.flatMap((field) => inline(field.type));
    case "union": {
      const arms = type.otherwise === undefined ? type.arms : [...type.arms, type.otherwise];
      const fields = arms.flatMap((arm) => (arm.field === undefined ? [] : [arm.field]));
      return [type.discriminant, ...fields].flatMap((field) => inline(field.type));
    }
  }
}

function inline(type: Type): NamedType[] {
  switch (type.kind) {
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return [type];
    case "fixed array":
      return inline(type.element);
    default:
      return [];
  }
}
