import { invariant } from "./invariant.ts";
import type { PersistBatch } from "./ready.ts";
import type { Entry, HardState, LogIndex } from "./types.ts";

/** A batch that was handed out and is not known to be on disk. */
interface PendingBatch {
  readonly id: number;
  /** Last index of the log that is durable with it; lowered when a later batch cuts the log below. */
  lastIndex: LogIndex;
}

/**
 * What is on disk, what is on its way there, and what a message has to wait for.
 *
 * Changes collect in one batch until `takeBatch`; batches become durable in order. Nothing here waits: a message
 * that depends on a change carries the number of the batch that holds it.
 */
export class Durability {
  private nextId = 1;
  private persistedId = 0;
  private durable: LogIndex;
  private readonly pending: PendingBatch[] = [];
  private unsavedEntries: Entry[] = [];
  private hardStateChanged = false;
  private hardStateBatch = 0;
  private entriesBatch = 0;

  /** @param durableIndex  last index of the log that was found on disk */
  constructor(durableIndex: LogIndex) {
    this.durable = durableIndex;
  }

  /** The log is on disk up to here, as it is now. */
  get durableIndex(): LogIndex {
    return this.durable;
  }

  /** The batch that must be on disk before a message may show the current term or vote; 0: it is. */
  get afterHardState(): number {
    return this.hardStateBatch > this.persistedId ? this.hardStateBatch : 0;
  }

  /** The batch that must be on disk before a message may say that the log is, up to `index`. */
  afterEntries(index: LogIndex): number {
    return index > this.durable ? Math.max(this.entriesBatch, this.afterHardState) : this.afterHardState;
  }

  isPersisted(batchId: number): boolean {
    return batchId <= this.persistedId;
  }

  /** Term or vote have changed. */
  changedHardState(): void {
    this.hardStateChanged = true;
    this.hardStateBatch = this.nextId;
  }

  /** The log has new entries at its end; those at and behind the first one's index are void. */
  changedEntries(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    this.durable = Math.min(this.durable, first.index - 1);
    for (const batch of this.pending) batch.lastIndex = Math.min(batch.lastIndex, first.index - 1);
    const unsaved = this.unsavedEntries;
    const overlapFrom = unsaved.length === 0 ? 0 : first.index - unsaved[0]!.index;
    if (overlapFrom <= 0) {
      this.unsavedEntries = [...entries];
    } else {
      invariant(overlapFrom <= unsaved.length, "unsaved entries have a gap");
      unsaved.length = overlapFrom;
      for (const entry of entries) unsaved.push(entry);
    }
    this.entriesBatch = this.nextId;
  }

  /** All changes since the last call, as one batch; null when there are none. */
  takeBatch(hardState: HardState): PersistBatch | null {
    const entries = this.unsavedEntries;
    if (!this.hardStateChanged && entries.length === 0) return null;
    const id = this.nextId++;
    const last = entries[entries.length - 1];
    if (last !== undefined) this.pending.push({ id, lastIndex: last.index });
    this.unsavedEntries = [];
    this.hardStateChanged = false;
    return { id, hardState, entries };
  }

  /** All batches up to `batchId` are on disk. */
  persisted(batchId: number): void {
    this.persistedId = Math.max(this.persistedId, batchId);
    let first = this.pending[0];
    while (first !== undefined && first.id <= batchId) {
      this.durable = Math.max(this.durable, first.lastIndex);
      this.pending.shift();
      first = this.pending[0];
    }
  }
}
