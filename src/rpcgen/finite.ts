import type { Identifier } from "./ast.ts";
import { contentsOf } from "./contents.ts";
import { depthFirst } from "./depth-first.ts";
import { EncodedSizes } from "./encoded-size.ts";
import type { NamedType } from "./model.ts";
import type { Scope } from "./scope.ts";

/** How many types of a circle an error names, beside the one that it begins and ends with. */
const NAMES_MAX = 20;

/**
 * Reports the types of which no value could end, since each contains another one: recursion needs a `*`, a `<>` or
 * another arm of a union to stop at (RFC 4506 §4.19).
 *
 * @param places  all named types, with where each is declared
 * @returns whether there is one
 */
export function reportInfinite(places: ReadonlyMap<NamedType, Identifier>, scope: Scope): boolean {
  const sizes = new EncodedSizes([...places.keys()]);
  const isInfinite = (type: NamedType): boolean => sizes.bytesMin(type) === Number.POSITIVE_INFINITY;
  const infinite = [...places.keys()].filter(isInfinite);
  const next = (type: NamedType): NamedType[] => contentsOf(type).filter(isInfinite);
  let isReported = false;
  depthFirst(infinite, next, (path, at) => {
    isReported = true;
    const type = path[at]!;
    scope.report(`"${type.name}" contains itself without end: ${circle(path, at)}`, places.get(type)!.span);
  });
  // Without a circle, a size is only more than a number can say: the type ends.
  return isReported;
}

/** `a, b, c, a` */
function circle(path: readonly NamedType[], at: number): string {
  const names = path.slice(at, at + 1 + NAMES_MAX).map((type) => type.name);
  const left = path.length - at - names.length;
  if (left > 0) names.push(`… (${left} more)`);
  return [...names, path[at]!.name].join(", ");
}
