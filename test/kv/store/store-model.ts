import type { MvccStore, Pair, RangeQuery } from "../../../src/kv/store/mvcc-store.ts";

/** One change: a value, or null for a removal. */
export interface Change {
  readonly key: string;
  readonly value: string | null;
}

export interface ModelPair {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly keyVersion: number;
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}

export function text(data: Uint8Array): string {
  return Buffer.from(data).toString("latin1");
}

export function readable(pair: Pair | undefined): ModelPair | undefined {
  return pair === undefined ? undefined : { ...pair, key: text(pair.key), value: text(pair.value) };
}

/** The store as simply as can be: the list of all changes, replayed for each question. */
export class StoreModel {
  readonly changes: Change[];

  constructor(changes: readonly Change[] = []) {
    this.changes = [...changes];
  }

  get revision(): number {
    return this.changes.length;
  }

  put(key: string, value: string): void {
    this.changes.push({ key, value });
  }

  /** False when there is no such key; then nothing changes. */
  delete(key: string): boolean {
    const exists = this.at(0).some((pair) => pair.key === key);
    if (exists) this.changes.push({ key, value: null });
    return exists;
  }

  /** All pairs as of `revision` (0: now), in the order of their bytes. */
  at(revision: number): ModelPair[] {
    const pairs = new Map<string, ModelPair>();
    const end = revision === 0 ? this.changes.length : revision;
    this.changes.slice(0, end).forEach(({ key, value }, at) => {
      const before = pairs.get(key);
      const modRevision = at + 1;
      if (value === null) {
        pairs.delete(key);
      } else {
        const createRevision = before?.createRevision ?? modRevision;
        pairs.set(key, {
          key,
          value,
          createRevision,
          modRevision,
          keyVersion: (before?.keyVersion ?? 0) + 1,
        });
      }
    });
    return [...pairs.values()].sort((a, b) => Buffer.compare(bytes(a.key), bytes(b.key)));
  }
}

/** Everything that can be read from the store, at all revisions that `revisions` names. */
export function contentOf(store: MvccStore, revisions: readonly number[] = [0]): (ModelPair | undefined)[][] {
  return revisions.map((revision) => store.range(everything(revision)).pairs.map(readable));
}

export function everything(revision: number = 0): RangeQuery {
  return range("", "", revision);
}

export function range(
  start: string,
  end: string,
  revision: number = 0,
  limit: number = 1_000_000,
  limitBytes: number = Number.POSITIVE_INFINITY,
): RangeQuery {
  return { start: bytes(start), end: bytes(end), revision, limit, limitBytes };
}
