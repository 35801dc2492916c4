/**
 * Walks over types that refer to each other. In loops, since a file may chain more of them than the stack is deep, and
 * over each of them once, since it may have many.
 */

/** What a node leads to. */
export type Next<Node> = (node: Node) => readonly Node[];

/**
 * All nodes that `roots` lead to, each behind those that it leads to, but for the circles.
 *
 * @param onCycle  called for each way back to where the walk came from: with the nodes on the way from a root, and the
 *                 place among them of the one that the last of them leads to
 */
export function depthFirst<Node>(
  roots: Iterable<Node>,
  next: Next<Node>,
  onCycle: (path: readonly Node[], at: number) => void = () => {},
): Set<Node> {
  const done = new Set<Node>();
  const path: Node[] = [];
  const places = new Map<Node, number>();
  const waiting: Iterator<Node>[] = [roots[Symbol.iterator]()];
  for (let from = waiting.at(-1); from !== undefined; from = waiting.at(-1)) {
    const { value: node, done: isLast } = from.next();
    if (isLast === true) {
      waiting.pop();
      const finished = path.pop();
      if (finished === undefined) break;
      places.delete(finished);
      done.add(finished);
      continue;
    }
    const at = places.get(node);
    if (at !== undefined) onCycle(path, at);
    if (at !== undefined || done.has(node)) continue;
    places.set(node, path.length);
    path.push(node);
    waiting.push(next(node)[Symbol.iterator]());
  }
  return done;
}

/** The nodes that lead back to themselves. */
export function onCycles<Node>(nodes: readonly Node[], next: Next<Node>): Set<Node> {
  // Kosaraju's algorithm: against the arrows, last node first, a walk stays among nodes that lead to each other.
  const order = [...depthFirst(nodes, next)].reverse();
  const back = reversed(order, next);
  const found = new Set<Node>();
  const seen = new Set<Node>();
  for (const root of order) {
    const before: Next<Node> = (node) => back.get(node)!.filter((other) => !seen.has(other));
    const group = seen.has(root) ? new Set<Node>() : depthFirst([root], before);
    for (const node of group) {
      seen.add(node);
      if (group.size > 1 || next(node).includes(node)) found.add(node);
    }
  }
  return found;
}

function reversed<Node>(nodes: readonly Node[], next: Next<Node>): Map<Node, Node[]> {
  const back = new Map<Node, Node[]>(nodes.map((node) => [node, []]));
  for (const node of nodes) {
    for (const other of next(node)) back.get(other)!.push(node);
  }
  return back;
}
