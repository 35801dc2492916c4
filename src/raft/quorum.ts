/** How many of `members` servers are a majority. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/**
 * The largest value that a majority has reached.
 * @param values  one of each member; reordered by the call
 */
export function reachedByMajority(values: number[]): number {
  values.sort((a, b) => b - a);
  return values[majorityOf(values.length) - 1]!;
}
