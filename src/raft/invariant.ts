/**
 * A rule of the algorithm is broken: by a bug here, by a peer that does not follow the protocol, or by a disk that
 * forgot what it had promised. There is no way on from it: the server must stop before it spreads.
 */
export class RaftInvariantError extends Error {
  override readonly name: string = "RaftInvariantError";
}

export function invariant(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new RaftInvariantError(rule);
}
