import type { CheckpointWrites, RecordStore } from "./record-store.ts";

interface Durable {
  readonly records: Map<number, Uint8Array>;
  readonly sessions: Map<string, Uint8Array>;
  meta: Uint8Array | undefined;
}

/**
 * A `RecordStore` in memory that behaves like one on a disk: a checkpoint takes time, and a crash before its end
 * loses it as a whole.
 */
export class MemoryRecordStore implements RecordStore {
  readonly path = "memory";
  private readonly durable: Durable = { records: new Map(), sessions: new Map(), meta: undefined };
  private readonly later: (callback: () => void) => void;
  /** Grows with each crash, so that commits that were under way are known. */
  private life = 0;
  private nextError: Error | undefined;

  /** @param later  calls back when a checkpoint would be on disk; the simulator passes its clock. Default: a microtask later. */
  constructor(later: (callback: () => void) => void = queueMicrotask) {
    this.later = later;
  }

  meta(): Uint8Array | undefined {
    return this.durable.meta;
  }

  record(revision: number): Uint8Array | undefined {
    return this.durable.records.get(revision)?.slice();
  }

  scan(lastRevision: number, visit: (revision: number, bytes: Uint8Array) => void): void {
    for (const [revision, bytes] of this.durable.records) {
      if (revision <= lastRevision) visit(revision, bytes);
    }
  }

  sessions(): ReadonlyMap<string, Uint8Array> {
    return this.durable.sessions;
  }

  commit(writes: CheckpointWrites): Promise<void> {
    const life = this.life;
    return new Promise((resolve, reject) => {
      this.later(() => {
        // The process that waited for it is gone.
        if (life !== this.life) return;
        const error = this.nextError;
        this.nextError = undefined;
        if (error !== undefined) return reject(error);
        this.apply(writes);
        resolve();
      });
    });
  }

  async close(): Promise<void> {}

  /** The process ends here; what opens this store next finds the last checkpoint that was complete. */
  crash(): void {
    this.life += 1;
  }

  /** The next checkpoint fails with `error`. */
  failNextCommit(error: Error): void {
    this.nextError = error;
  }

  /** Damages what is stored, for tests of those who read it. */
  overwriteRecord(revision: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.durable.records.delete(revision);
    else this.durable.records.set(revision, bytes);
  }

  private apply(writes: CheckpointWrites): void {
    const { records, sessions } = this.durable;
    for (let revision = writes.firstRevision; revision <= writes.lastRevision; revision++) {
      records.set(revision, writes.recordAt(revision).slice());
    }
    for (const [id, state] of writes.sessions) {
      if (state === null) sessions.delete(id);
      else sessions.set(id, state.slice());
    }
    this.durable.meta = writes.meta;
  }
}
