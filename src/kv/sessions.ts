import { KV_SESSION_MIN_MS, KvStatus } from "./gen/kv.ts";
import { refusedWrite, type WriteOutcome } from "./write-outcome.ts";

/** A session that was not used for so long is forgotten. Twice the promised time, since servers' clocks may run apart. */
const SESSION_IDLE_LIMIT_MS = 2 * KV_SESSION_MIN_MS;

/** Sessions at most. With more, the longest idle goes early, but never before the promised time. */
const SESSIONS_LIMIT = 131_072;

/** The last write of a session, and what it came to. */
export interface Session {
  readonly sequence: number;
  /** In log time. */
  readonly lastUsedMs: number;
  /** The log entry that used it last. No two sessions have the same, so their order is the same on all servers. */
  readonly lastUsedIndex: number;
  readonly outcome: WriteOutcome;
}

/** What a session says to a write: go on, or this is the answer. */
export type Admission =
  | { readonly kind: "apply" }
  | { readonly kind: "answer"; readonly outcome: WriteOutcome };

const APPLY: Admission = { kind: "apply" };

/**
 * The sessions of all clients, by which a write that comes twice is applied once (dissertation §6.3).
 *
 * Replicated state: each change follows from a log entry and its time alone, so every server has the same table
 * after the same entry, and a new leader answers a retry as the old one would have.
 *
 * Ids are the eight bytes of the wire as a latin1 string.
 */
export class SessionTable {
  /** Longest idle first: a session that is used moves to the end. */
  private readonly sessions = new Map<string, Session>();
  /** Changed or removed since the last checkpoint. */
  private changed = new Set<string>();
  private readonly limit: number;

  constructor(limit: number = SESSIONS_LIMIT) {
    this.limit = limit;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** Takes in a session from a checkpoint; to be called in any order before the first write. */
  restore(restored: readonly (readonly [string, Session])[]): void {
    const oldestFirst = [...restored].sort(([, a], [, b]) => a.lastUsedIndex - b.lastUsedIndex);
    for (const [id, session] of oldestFirst) this.sessions.set(id, session);
  }

  /** Decides, before a write is applied at log time `nowMs`, whether it may be. */
  admit(id: string, sequence: number, nowMs: number): Admission {
    this.expire(nowMs);
    const session = this.sessions.get(id);
    if (session === undefined) {
      if (sequence !== 1) return answer(KvStatus.KV_SESSION_EXPIRED);
      return this.hasRoom(nowMs) ? APPLY : answer(KvStatus.KV_BUSY);
    }
    if (sequence > session.sequence) return APPLY;
    if (sequence === session.sequence) return { kind: "answer", outcome: session.outcome };
    return answer(KvStatus.KV_SEQUENCE_OLD);
  }

  /** Remembers what an admitted write came to. */
  record(id: string, session: Session): void {
    this.sessions.delete(id);
    this.sessions.set(id, session);
    this.changed.add(id);
  }

  get(id: string): Session | undefined {
    return this.sessions.get(id);
  }

  /** The ids of all sessions that changed since the last call; one that `get` does not find any more is gone. */
  takeChanged(): Set<string> {
    const taken = this.changed;
    this.changed = new Set();
    return taken;
  }

  /** Counts as changed again what a failed checkpoint did not save. */
  returnChanged(ids: Iterable<string>): void {
    for (const id of ids) this.changed.add(id);
  }

  private expire(nowMs: number): void {
    for (const [id, session] of this.sessions) {
      if (nowMs - session.lastUsedMs <= SESSION_IDLE_LIMIT_MS) return;
      this.remove(id);
    }
  }

  private hasRoom(nowMs: number): boolean {
    if (this.sessions.size < this.limit) return true;
    const [id, longestIdle] = this.sessions.entries().next().value!;
    if (nowMs - longestIdle.lastUsedMs < KV_SESSION_MIN_MS) return false;
    this.remove(id);
    return true;
  }

  private remove(id: string): void {
    this.sessions.delete(id);
    this.changed.add(id);
  }
}

function answer(status: KvStatus): Admission {
  return { kind: "answer", outcome: refusedWrite(status) };
}
