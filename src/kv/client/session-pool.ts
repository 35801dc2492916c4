import { KV_SESSION_MIN_MS, KV_SESSION_SIZE } from "../gen/kv.ts";

/**
 * A session of `idl/kv.x`: a name that the client drew, and the sequence of its last write.
 *
 * It carries one write at a time. Sequences are never used for a second write, whatever became of the first, so
 * a straggler of a write that was given up is refused by the servers once the session has gone on.
 */
export class WriteSession {
  readonly id: Uint8Array = crypto.getRandomValues(new Uint8Array(KV_SESSION_SIZE));
  private sequence = 0;
  /** When the last write that it carried began, on the clock of `performance.now()`. */
  lastUsedMs = 0;

  /** The sequence of the next write; 1 for the first. */
  nextSequence(): number {
    this.sequence += 1;
    return this.sequence;
  }
}

/**
 * The sessions of one client that carry no write at the moment. Concurrent writes take one each, so there are as
 * many as there were writes at a time. The one used last goes out first: a client that has become calm keeps using
 * a few, and the servers may forget the others.
 */
export class SessionPool {
  private free: WriteSession[] = [];

  /** A session for one write, which hands it back when it has ended, however it ended. */
  take(nowMs: number): WriteSession {
    const session = this.free.pop();
    if (session === undefined) return this.draw();
    if (nowMs - session.lastUsedMs < KV_SESSION_MIN_MS) return session;
    // The servers may have forgotten it, and all below it, which have been idle for even longer.
    this.free = [];
    return this.draw();
  }

  /** A session that no server knows yet, in place of one that the servers have forgotten. */
  draw(): WriteSession {
    return new WriteSession();
  }

  /** @param takenMs  when it was taken: the servers have seen it at that time or later */
  giveBack(session: WriteSession, takenMs: number): void {
    session.lastUsedMs = takenMs;
    this.free.push(session);
  }
}
