import type { Entry, HardState, LogIndex, Term } from "../../raft/types.ts";
import { XdrWriter } from "../../xdr/index.ts";
import { RecordBuilder } from "./record-builder.ts";
import type { SegmentWriter } from "./segment-writer.ts";

export interface GroupCommitEvents {
  /** The record is durable, at `offset` in the current segment. `durable` follows. */
  written(record: RecordBuilder, offset: number): void;
  /** All batches up to this one are durable. */
  durable(batchId: number): void;
  failed(error: unknown): void;
}

const WRITERS_KEPT = 2;

/**
 * One write with its sync is in flight; whatever comes meanwhile joins the next record.
 *
 * A record may wait for room for the next segment; it stays open for more as long as it does.
 */
export class GroupCommit {
  private readonly segmentWriter: SegmentWriter;
  private readonly events: GroupCommitEvents;
  private readonly seed: number;
  private readonly recordLimitBytes: number;
  /** Records that wait for the disk, oldest first; only the last takes further entries. */
  private readonly queue: RecordBuilder[] = [];
  private inFlight: RecordBuilder | undefined;
  private readonly idleWriters: XdrWriter[] = [];
  private nextSequence: number;
  private newestHardState: HardState;
  private savedHardState: HardState;
  private reportedId = 0;
  private isWriting = false;
  /** Ends when all that waited is written, or cannot be. */
  private writing: Promise<void> = Promise.resolve();
  private failed = false;

  constructor(
    segmentWriter: SegmentWriter,
    events: GroupCommitEvents,
    state: { seed: number; nextSequence: number; hardState: HardState; recordLimitBytes: number },
  ) {
    this.segmentWriter = segmentWriter;
    this.events = events;
    this.seed = state.seed;
    this.nextSequence = state.nextSequence;
    this.newestHardState = state.hardState;
    this.savedHardState = state.hardState;
    this.recordLimitBytes = state.recordLimitBytes;
  }

  get hardState(): HardState {
    return this.newestHardState;
  }

  /** Bytes of records that are not durable yet. */
  get waitingBytes(): number {
    let bytes = this.inFlight?.sizeBytes ?? 0;
    for (const record of this.queue) bytes += record.sizeBytes;
    return bytes;
  }

  /**
   * The hard state rides along with the next record that is written. That may be one that was begun before: it
   * is on the disk earlier than asked, never later.
   */
  setHardState(hardState: HardState): void {
    const { currentTerm, votedFor, commitIndex } = this.newestHardState;
    const isSame =
      hardState.currentTerm === currentTerm &&
      hardState.votedFor === votedFor &&
      hardState.commitIndex === commitIndex;
    if (!isSame) this.newestHardState = hardState;
  }

  /** Adds the entry to the open record, or to a new one where that is full or the entry does not follow on it. */
  addEntry(entry: Entry, prevTerm: Term): void {
    const open = this.queue[this.queue.length - 1];
    const joins = open?.endIndex === entry.index && open.hasRoomFor(entry.data.length, this.recordLimitBytes);
    const record = joins ? open : this.beginRecord(entry.index, prevTerm);
    record.add(entry);
  }

  /** Makes sure that a record waits with which the hard state will be written. */
  requireRecord(nextIndex: LogIndex, lastTerm: Term): void {
    if (this.queue.length === 0) this.beginRecord(nextIndex, lastTerm);
  }

  /** The batch is complete: it is durable with the newest record, or already when none is left to be written. */
  endBatch(id: number): void {
    const newest = this.queue[this.queue.length - 1] ?? this.inFlight;
    if (newest === undefined) queueMicrotask(() => this.report(id));
    else newest.lastBatchId = id;
    this.startWriting();
  }

  /** How far the log, as it is now, is durable once it was up to `index`: not where a waiting record cuts in. */
  stillValid(index: LogIndex): LogIndex {
    let valid = index;
    for (const record of this.queue) {
      if (!record.isWithoutEntries) valid = Math.min(valid, record.firstIndex - 1);
    }
    return valid;
  }

  /** Writes what waits, and a commitIndex that is still to ride along. Ends early when there is no more room. */
  async flush(nextIndex: LogIndex, lastTerm: Term): Promise<void> {
    if (this.newestHardState !== this.savedHardState) this.requireRecord(nextIndex, lastTerm);
    this.startWriting();
    await this.writing;
  }

  private beginRecord(firstIndex: LogIndex, prevTerm: Term): RecordBuilder {
    const writer = this.idleWriters.pop() ?? new XdrWriter();
    const record = new RecordBuilder(writer, this.nextSequence++, firstIndex, prevTerm);
    this.queue.push(record);
    return record;
  }

  private startWriting(): void {
    if (this.isWriting || this.queue.length === 0 || this.failed) return;
    this.isWriting = true;
    this.writing = this.writeAll();
  }

  private async writeAll(): Promise<void> {
    try {
      for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
        if (!(await this.segmentWriter.roomFor(next))) return;
        this.queue.shift();
        await this.write(next);
      }
    } catch (error) {
      this.failed = true;
      this.events.failed(error);
    } finally {
      // In the same breath as the last look at the queue: what is appended from now on starts anew.
      this.isWriting = false;
    }
  }

  private async write(record: RecordBuilder): Promise<void> {
    this.inFlight = record;
    const hardState = this.newestHardState;
    const bytes = record.finish(hardState === this.savedHardState ? null : hardState, this.seed);
    const offset = await this.segmentWriter.write(bytes, record, this.savedHardState);
    this.inFlight = undefined;
    this.savedHardState = hardState;
    this.recycle(record.writer);
    this.events.written(record, offset);
    this.report(record.lastBatchId);
  }

  private recycle(writer: XdrWriter): void {
    if (this.idleWriters.length === WRITERS_KEPT) return;
    writer.truncate(0);
    this.idleWriters.push(writer);
  }

  private report(batchId: number): void {
    if (this.failed || batchId <= this.reportedId) return;
    this.reportedId = batchId;
    this.events.durable(batchId);
  }
}
