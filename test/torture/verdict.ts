import type { History } from "./history.ts";

/** A pair of the store, as far as it matters here. */
export interface FinalPair {
  readonly key: string;
  readonly value: string;
  readonly keyVersion: number;
}

export interface FinalServer {
  readonly server: number;
  readonly revision: number;
  readonly storeHash: number;
}

const BRIEF_LENGTH = 40;

/** What the store says once all clients have stopped and all servers are back. */
export interface FinalState {
  /** All pairs there are, in one linearizable read. */
  readonly pairs: readonly FinalPair[];
  readonly servers: readonly FinalServer[];
}

/**
 * Holds what the clients were told against the store.
 * @returns each promise that was broken, as a sentence; none: all were kept
 */
export function findBrokenPromises(history: History, state: FinalState): string[] {
  const pairs = new Map(state.pairs.map((pair) => [pair.key, pair]));
  return [
    ...history.contradictions,
    ...[...history.puts.keys()].flatMap((key) => checkPut(history, key, pairs.get(key))),
    ...[...history.counters.keys()].flatMap((key) => checkCounter(history, key, pairs.get(key))),
    ...checkStrangers(history, state),
    ...checkServers(state),
    ...checkRevisions(state),
  ];
}

function checkPut(history: History, key: string, pair: FinalPair | undefined): string[] {
  const { value, report } = history.puts.get(key)!;
  if (pair === undefined)
    return report.kind === "acknowledged" ? [`${key} was acknowledged and is not there`] : [];
  if (report.kind === "refused") return [`${key} was refused and is there`];
  if (pair.value !== value) return [`${key} is ${brief(pair.value)}, but ${brief(value)} was put`];
  return pair.keyVersion === 1 ? [] : [`${key} was put once and applied ${pair.keyVersion} times`];
}

function brief(value: string): string {
  return value.length <= BRIEF_LENGTH ? value : `${value.slice(0, BRIEF_LENGTH)}… (${value.length})`;
}

function checkCounter(history: History, key: string, pair: FinalPair | undefined): string[] {
  const { acknowledged, uncertain, highest } = history.counter(key);
  const value = pair === undefined ? 0 : Number(pair.value);
  const problems: string[] = [];
  const most = acknowledged + uncertain;
  if (value < acknowledged) problems.push(`${key} is ${value} after ${acknowledged} acknowledged increments`);
  if (value > most) problems.push(`${key} is ${value}, but at most ${most} increments were made`);
  if (value < highest) problems.push(`${key} is ${value} after ${highest} was acknowledged`);
  if (pair !== undefined && pair.keyVersion !== value) {
    problems.push(`${key} is ${value} after ${pair.keyVersion} writes`);
  }
  return problems;
}

function checkStrangers({ puts, counters }: History, { pairs }: FinalState): string[] {
  return pairs
    .filter(({ key }) => !puts.has(key) && !counters.has(key))
    .map(({ key }) => `nobody has put ${key}`);
}

function checkServers({ servers }: FinalState): string[] {
  const first = servers[0]!;
  return servers
    .filter(({ revision, storeHash }) => revision !== first.revision || storeHash !== first.storeHash)
    .map(
      (other) =>
        `server ${other.server} has revision ${other.revision} and hash ${other.storeHash}, ` +
        `server ${first.server} ${first.revision} and ${first.storeHash}`,
    );
}

/** Each write gives the store one revision, and nothing is ever deleted here. */
function checkRevisions({ pairs, servers }: FinalState): string[] {
  const writes = pairs.reduce((sum, { keyVersion }) => sum + keyVersion, 0);
  const { revision } = servers[0]!;
  return writes === revision
    ? []
    : [`the pairs were written ${writes} times, but the revision is ${revision}`];
}
