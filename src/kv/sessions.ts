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

/** A place in the order of use: a doubly linked ring, so that being used costs the same for any number of sessions. */
class Place {
  readonly id: string;
  session: Session;
  older: Place = this;
  newer: Place = this;
  /** The checkpoint that will be the first to have it as it is. */
  changedFor = 0;

  constructor(id: string, session: Session) {
    this.id = id;
    this.session = session;
  }

  leave(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
  }

  standBefore(place: Place): void {
    this.older = place.older;
    this.newer = place;
    this.older.newer = this;
    place.older = this;
  }
}

const NOBODY: Session = {
  sequence: 0,
  lastUsedMs: Number.POSITIVE_INFINITY,
  lastUsedIndex: 0,
  outcome: refusedWrite(KvStatus.KV_INVALID),
};

/**
 * The sessions of all clients, by which a write that comes twice is applied once (dissertation §6.3).
 *
 * Replicated state: each change follows from a log entry and its time alone, so every server has the same table
 * after the same entry, and a new leader answers a retry as the old one would have.
 *
 * Ids are the eight bytes of the wire as a latin1 string.
 */
export class SessionTable {
  private readonly sessions = new Map<string, Place>();
  /** Where the ring begins and ends: the longest idle session is the next newer one. */
  private readonly end = new Place("", NOBODY);
  /** Changed or removed since the last checkpoint. */
  private changed: string[] = [];
  private nextCheckpoint = 1;
  /** Of the session that was asked for last: the one that `record` is most likely called for. */
  private latest: Place | undefined;
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
    for (const [id, session] of oldestFirst) this.add(id, session);
  }

  /** Decides, before a write is applied at log time `nowMs`, whether it may be. */
  admit(id: string, sequence: number, nowMs: number): Admission {
    this.expire(nowMs);
    this.latest = this.sessions.get(id);
    const session = this.latest?.session;
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
    const { latest } = this;
    const place = latest?.id === id ? latest : (this.sessions.get(id) ?? this.add(id, session));
    place.session = session;
    place.leave();
    place.standBefore(this.end);
    if (place.changedFor === this.nextCheckpoint) return;
    place.changedFor = this.nextCheckpoint;
    this.changed.push(id);
  }

  get(id: string): Session | undefined {
    return this.sessions.get(id)?.session;
  }

  /** The ids of all sessions that changed since the last call; one that `get` does not find any more is gone. */
  takeChanged(): Set<string> {
    const taken = new Set(this.changed);
    this.changed = [];
    this.nextCheckpoint += 1;
    return taken;
  }

  private add(id: string, session: Session): Place {
    const place = new Place(id, session);
    place.standBefore(this.end);
    this.sessions.set(id, place);
    return place;
  }

  private expire(nowMs: number): void {
    while (nowMs - this.end.newer.session.lastUsedMs > SESSION_IDLE_LIMIT_MS) this.remove(this.end.newer);
  }

  private hasRoom(nowMs: number): boolean {
    if (this.sessions.size < this.limit) return true;
    const longestIdle = this.end.newer;
    if (nowMs - longestIdle.session.lastUsedMs < KV_SESSION_MIN_MS) return false;
    this.remove(longestIdle);
    return true;
  }

  private remove(place: Place): void {
    place.leave();
    if (this.latest === place) this.latest = undefined;
    this.sessions.delete(place.id);
    this.changed.push(place.id);
  }
}

function answer(status: KvStatus): Admission {
  return { kind: "answer", outcome: refusedWrite(status) };
}
