import type { KvStatus } from "../../src/kv/gen/kv.ts";
import type { Pair } from "../../src/kv/store/mvcc-store.ts";

/** What became of a write, as its client knows it. */
export type WriteEnd =
  | { readonly kind: "ok"; readonly revision: number; readonly prevRevision: number }
  | { readonly kind: "conflict"; readonly modRevision: number }
  | { readonly kind: "notFound" }
  /** It was not carried out, and will not be. */
  | { readonly kind: "refused"; readonly status: KvStatus; readonly message: string }
  | { readonly kind: "uncertain" };

/** What a read came to. */
export type ReadEnd =
  /** `revision`: of the store that was read; `modRevision` 0: there is no such key. */
  | { readonly kind: "ok"; readonly revision: number; readonly modRevision: number; readonly value: string }
  | { readonly kind: "refused"; readonly status: KvStatus }
  /** No answer. */
  | { readonly kind: "failed" };

interface WriteNote {
  readonly client: number;
  readonly key: string;
  /** Different for each put of a history; null: a delete. */
  readonly value: string | null;
  readonly startMs: number;
  endMs: number;
  end: WriteEnd;
}

interface ReadNote {
  readonly client: number;
  readonly key: string;
  readonly isLinearizable: boolean;
  readonly startMs: number;
  endMs: number;
  end: ReadEnd;
}

/** What the store of a server says in the end: the order in which everything happened. */
export interface FinalStore {
  readonly revision: number;
  get(key: Uint8Array, revision: number): Pair | undefined;
}

/**
 * What clients asked and heard, to be compared with what the store came to.
 *
 * Revisions number all writes in one order, and every answer tells its place in it: a write the revision that it
 * made, a read the revision of the store that it saw. So it need not be searched for an order that explains the
 * history, as with stores that do not tell; it is enough that this one does. It is linearizable when each answer is
 * what the store held at that place (legality), and no answer has a place before that of another one that was
 * known when its call began (real time).
 */
export class SimulatedHistory {
  private readonly writes: WriteNote[] = [];
  private readonly reads: ReadNote[] = [];

  get size(): number {
    return this.writes.length + this.reads.length;
  }

  /** How many operations came to an answer. */
  get answered(): number {
    const writes = this.writes.filter(({ end }) => end.kind !== "uncertain" && end.kind !== "refused");
    return writes.length + this.reads.filter(({ end }) => end.kind === "ok").length;
  }

  beginWrite(
    client: number,
    key: string,
    value: string | null,
    startMs: number,
  ): (end: WriteEnd, endMs: number) => void {
    const endMs = Number.POSITIVE_INFINITY;
    const note: WriteNote = { client, key, value, startMs, endMs, end: { kind: "uncertain" } };
    this.writes.push(note);
    return (end, at) => {
      note.end = end;
      note.endMs = at;
    };
  }

  beginRead(
    client: number,
    key: string,
    isLinearizable: boolean,
    startMs: number,
  ): (end: ReadEnd, endMs: number) => void {
    const endMs = Number.POSITIVE_INFINITY;
    const note: ReadNote = { client, key, isLinearizable, startMs, endMs, end: { kind: "failed" } };
    this.reads.push(note);
    return (end, at) => {
      note.end = end;
      note.endMs = at;
    };
  }

  /** What is wrong; empty when the history is linearizable and each write was carried out as often as it may be. */
  problems(store: FinalStore): string[] {
    return [...this.illegalWrites(store), ...this.illegalReads(store), ...this.outOfTime()];
  }

  private illegalWrites(store: FinalStore): string[] {
    const problems: string[] = [];
    const made = this.revisionsOfValues(store);
    for (const write of this.writes) {
      const { key, value, end } = write;
      const revisions = value === null ? [] : (made.get(`${key}=${value}`) ?? []);
      const at = end.kind === "ok" ? store.get(Buffer.from(key), end.revision) : undefined;
      const name = describeWrite(write);
      if (revisions.length > 1) problems.push(`${name} was carried out at ${revisions.join(" and ")}`);
      if (end.kind === "ok" && value !== null && revisions[0] !== end.revision)
        problems.push(`${name}, but the store has it at ${revisions.join() || "no revision"}`);
      if (end.kind === "ok" && value === null && at !== undefined) problems.push(`${name}, but it is there`);
      if (end.kind === "ok") {
        const before = store.get(Buffer.from(key), end.revision - 1)?.modRevision ?? 0;
        if (end.revision > 1 && before !== end.prevRevision)
          problems.push(`${name}, before it there was ${before}`);
      }
      const wasRefused = end.kind === "refused" || end.kind === "conflict";
      if (wasRefused && revisions.length > 0) problems.push(`${name}, and yet was carried out`);
    }
    return problems;
  }

  private illegalReads(store: FinalStore): string[] {
    const problems: string[] = [];
    for (const read of this.reads) {
      const { key, end } = read;
      if (end.kind !== "ok") continue;
      // Revision 0 has nothing; to the store it would mean "now".
      const pair = end.revision === 0 ? undefined : store.get(Buffer.from(key), end.revision);
      const isRight =
        pair === undefined
          ? end.modRevision === 0
          : pair.modRevision === end.modRevision && Buffer.from(pair.value).toString() === end.value;
      if (!isRight)
        problems.push(`${describeRead(read)}, but the store had ${pair?.modRevision ?? 0} there then`);
    }
    return problems;
  }

  /** Goes through all calls and answers in the order of time. */
  private outOfTime(): string[] {
    const problems: string[] = [];
    const moments: { readonly atMs: number; readonly isStart: boolean; readonly note: Placed }[] = [];
    for (const note of this.placed()) {
      moments.push({ atMs: note.startMs, isStart: true, note });
      moments.push({ atMs: note.endMs, isStart: false, note });
    }
    // Of the same moment the calls come first: they may not have known of the answers.
    moments.sort((a, b) => a.atMs - b.atMs || Number(b.isStart) - Number(a.isStart));
    let known: Placed | undefined;
    const knownAtStart = new Map<Placed, Placed | undefined>();
    for (const { isStart, note } of moments) {
      if (isStart) knownAtStart.set(note, known);
      else {
        const before = knownAtStart.get(note);
        if (before !== undefined && !mayFollow(note, before))
          problems.push(
            `${note.name} at ${note.revision}, after ${before.name} at ${before.revision} was known`,
          );
        if (known === undefined || note.revision > known.revision) known = note;
      }
    }
    return problems;
  }

  private placed(): Placed[] {
    const placed: Placed[] = [];
    for (const write of this.writes) {
      const { startMs, endMs, end } = write;
      if (end.kind === "ok")
        placed.push({ startMs, endMs, revision: end.revision, isWrite: true, name: describeWrite(write) });
    }
    for (const read of this.reads) {
      const { startMs, endMs, end, isLinearizable } = read;
      if (end.kind === "ok" && isLinearizable)
        placed.push({ startMs, endMs, revision: end.revision, isWrite: false, name: describeRead(read) });
    }
    return placed;
  }

  /** At which revisions the store shows each value that was written. */
  private revisionsOfValues(store: FinalStore): Map<string, number[]> {
    const keys = [...new Set(this.writes.map(({ key }) => key))];
    const made = new Map<string, number[]>();
    for (const key of keys) {
      for (let revision = 1; revision <= store.revision; revision++) {
        const pair = store.get(Buffer.from(key), revision);
        if (pair?.modRevision !== revision) continue;
        const name = `${key}=${Buffer.from(pair.value).toString()}`;
        made.set(name, [...(made.get(name) ?? []), revision]);
      }
    }
    return made;
  }
}

/** An operation whose place in the order of all writes is known. */
interface Placed {
  readonly startMs: number;
  readonly endMs: number;
  readonly revision: number;
  readonly isWrite: boolean;
  readonly name: string;
}

function mayFollow(later: Placed, earlier: Placed): boolean {
  return later.isWrite ? later.revision > earlier.revision : later.revision >= earlier.revision;
}

function describeWrite({ client, key, value, end }: WriteNote): string {
  return `client ${client}'s ${value === null ? `delete of ${key}` : `put of ${key}=${value}`} (${JSON.stringify(end)})`;
}

function describeRead({ client, key, end }: ReadNote): string {
  return `client ${client}'s read of ${key} (${JSON.stringify(end)})`;
}
