/**
 * The write-ahead log: entries and hard state in one stream of records, in preallocated segments (`idl/log.x`).
 *
 * Group commit without a timer: one write with its sync is in flight at a time, and whatever is appended
 * meanwhile is the next one. The order of the stream is the order of the appends; an entry never is on the disk
 * before the term it belongs to.
 */
import type { Entry, HardState, LogIndex, Term } from "../../raft/types.ts";
import { LOG_ENTRY_MAX } from "../gen/log.ts";
import type { Disk, Random } from "../ports.ts";
import type { EntryTable } from "./entry-table.ts";
import type { EntryTail } from "./entry-tail.ts";
import {
  checksumSeed,
  ENTRY_FIXED_BYTES,
  HEADER_BYTES,
  RECORD_OVERHEAD_BYTES,
  segmentNumber,
} from "./format.ts";
import { GroupCommit, type GroupCommitEvents } from "./group-commit.ts";
import { LogReader } from "./log-reader.ts";
import type { RecordBuilder } from "./record-builder.ts";
import { createFirstSegment, type LogPosition, type RecoveredState, recover } from "./recovery.ts";
import { closeSegment, SegmentList } from "./segment-list.ts";
import { SegmentWriter } from "./segment-writer.ts";
import { SPARE_NAME, SpareSegment } from "./spare-segment.ts";
import type { TermRuns } from "./term-runs.ts";

export interface LogOptions {
  readonly random: Random;
  /** Bytes in a segment. Default: 16 MiB. */
  readonly segmentBytes?: number;
  /** Data of durable entries beyond this are let go from memory and read from disk when asked for. Default: 16 MiB. */
  readonly tailLimitBytes?: number;
  /** An append that would make a record larger begins the next one. Default: a sixteenth of a segment. */
  readonly recordLimitBytes?: number;
  /**
   * The entries up to here are durable elsewhere. Where the log ends before, it goes on behind this position, and
   * holds none of the entries before.
   */
  readonly reach?: LogPosition;
}

/** What the log held when it was opened. */
export interface RecoveredLog {
  /** There was no log in the directory: this is a new one. */
  readonly isNew: boolean;
  readonly hardState: HardState;
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  /** Bytes of an unfinished last record that were cut off: it was never reported durable. */
  readonly tornBytes: number;
  /** The file ended in such a record, or was shorter than it was made. */
  readonly isCutShort: boolean;
}

/** What must become durable together with, or after, all that was appended before. */
export interface LogBatch {
  /** Grows from batch to batch. */
  readonly id: number;
  /** null: as it was. */
  readonly hardState: HardState | null;
  /** Without gaps. The first may take the place of an older entry; all behind that one are then void. */
  readonly entries: readonly Entry[];
}

const DEFAULT_SEGMENT_BYTES = 16 << 20;
/** Twice what may be on its way to a follower. More would be objects that V8 moves about until nobody needs them. */
const DEFAULT_TAIL_LIMIT_BYTES = 16 << 20;
/** The part of a segment that `hasRoomFor` keeps for votes and the like when the disk is full. */
const RESERVE_PART = 64;
const RECORD_PART = 16;
const XDR_PADDING_MAX = 3;

export class Log {
  /** Random, drawn with the log: tells it from all others. */
  readonly id: number;
  readonly recovered: RecoveredLog;
  /** Called once a durable write, with the highest id of the batches that are durable. */
  onDurable: (batchId: number) => void = () => {};
  /** Called once, with the first error of a write or a sync. It is never tried again: the owner ends the process. */
  onFailure: (error: unknown) => void = () => {};
  /** Called when `full` changes. */
  onFullChange: (full: boolean) => void = () => {};

  private readonly disk: Disk;
  private readonly segmentBytes: number;
  private readonly entryLimitBytes: number;
  private readonly terms: TermRuns;
  private readonly table: EntryTable;
  private readonly tail: EntryTail;
  private readonly segments: SegmentList;
  private readonly spare: SpareSegment;
  private readonly writer: SegmentWriter;
  private readonly commit: GroupCommit;
  private readonly reader: LogReader;

  private durable: LogIndex;
  private discarding: Promise<void> = Promise.resolve();
  private truncations = 0;
  private wasFull = false;
  private failed = false;
  private closing = false;

  /**
   * Opens the log in the directory, or makes a new one.
   *
   * @throws LogDamagedError when it is not what was written; nothing was changed on disk then
   */
  static async open(disk: Disk, options: LogOptions): Promise<Log> {
    const segmentBytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES;
    const tailLimitBytes = options.tailLimitBytes ?? DEFAULT_TAIL_LIMIT_BYTES;
    const names = await disk.list();
    const numbers = names.map(segmentNumber).filter((number) => number !== undefined);
    numbers.sort((a, b) => a - b);
    const isNew = numbers.length === 0;
    const state = isNew
      ? await createFirstSegment(disk, options.random.identifier(), segmentBytes, tailLimitBytes)
      : await recover(disk, numbers, segmentBytes, tailLimitBytes, options.reach);
    if (!isNew && (await disk.list()).includes(SPARE_NAME)) await disk.remove(SPARE_NAME);
    await disk.syncDirectory();
    return new Log(disk, options, segmentBytes, state, isNew);
  }

  private constructor(
    disk: Disk,
    options: LogOptions,
    segmentBytes: number,
    state: RecoveredState,
    isNew: boolean,
  ) {
    this.disk = disk;
    this.id = state.logId;
    this.segmentBytes = segmentBytes;
    this.entryLimitBytes = Math.min(LOG_ENTRY_MAX, largestEntryIn(segmentBytes));
    this.terms = state.terms;
    this.table = state.table;
    this.tail = state.tail;
    this.durable = state.table.lastIndex;
    this.segments = new SegmentList(state.segments);
    this.spare = new SpareSegment(disk, segmentBytes, {
      changed: () => this.spareChanged(),
      failed: (error) => this.fail(error),
    });
    this.writer = new SegmentWriter(disk, this.segments, this.spare, state.logId);
    const seed = checksumSeed(state.logId);
    const recordLimitBytes = options.recordLimitBytes ?? segmentBytes / RECORD_PART;
    this.commit = new GroupCommit(this.writer, this.commitEvents(), { ...state, seed, recordLimitBytes });
    this.reader = new LogReader(disk, this.segments, this.table, this.terms, seed);
    this.recovered = {
      isNew,
      hardState: state.hardState,
      firstIndex: this.firstIndex,
      lastIndex: this.lastIndex,
      tornBytes: state.tornBytes,
      isCutShort: state.isCutShort,
    };
    this.spare.prepare();
  }

  /** The oldest entry that can be read; `lastIndex + 1` when there is none. */
  get firstIndex(): LogIndex {
    return this.table.firstIndex;
  }

  get lastIndex(): LogIndex {
    return this.table.lastIndex;
  }

  /** The log as it is now is on disk up to here. */
  get durableIndex(): LogIndex {
    return this.durable;
  }

  /** The disk had no room for the next segment. What is left of the current one still takes records. */
  get full(): boolean {
    return this.spare.isOutOfSpace;
  }

  get segmentCount(): number {
    return this.segments.count;
  }

  /** Bytes that the segments take on disk. */
  get sizeBytes(): number {
    return this.segments.sizeBytes;
  }

  /** @param index  from `firstIndex − 1` to `lastIndex` */
  termAt(index: LogIndex): Term {
    this.requireIndex(index, this.firstIndex - 1);
    return this.terms.termAt(index);
  }

  /** Bytes of data in an entry. */
  sizeAt(index: LogIndex): number {
    this.requireIndex(index, this.firstIndex);
    return this.table.sizeAt(index);
  }

  /**
   * Whether so much may be appended: always while the disk has room, and else as long as a reserve for votes and
   * other small records stays. To be asked before entries are accepted; what is appended without asking, and does
   * not fit, waits for room, and all behind it too.
   */
  hasRoomFor(dataBytes: number, entryCount: number = 1): boolean {
    if (!this.spare.isOutOfSpace) return true;
    const recordBytes =
      RECORD_OVERHEAD_BYTES + dataBytes + entryCount * (ENTRY_FIXED_BYTES + XDR_PADDING_MAX);
    const reserveBytes = this.segmentBytes / RESERVE_PART;
    return this.commit.waitingBytes + recordBytes + reserveBytes <= this.writer.freeBytes;
  }

  /**
   * Puts a batch at the end of the log, in memory at once and on disk soon; `onDurable` tells when.
   * A hard state that differs only in its commitIndex causes no write: it goes along with the next one.
   *
   * @param batch  the data of its entries are kept, and must not change any more
   * @throws RangeError when the batch contradicts what is in the log; nothing has changed then
   */
  append(batch: LogBatch): void {
    const { id, hardState, entries } = batch;
    if (hardState !== null) this.requireForward(hardState);
    this.requireJoining(entries);
    const mustWrite = entries.length > 0 || this.changesTermOrVote(hardState);
    if (hardState !== null) this.commit.setHardState(hardState);
    if (entries.length > 0) this.appendEntries(entries);
    else if (mustWrite) this.commit.requireRecord(this.lastIndex + 1, this.terms.lastTerm);
    this.commit.endBatch(id);
  }

  /**
   * Entries `from` to `to`, both included, as many as fit `limitBytes` of data, at least one: at once when they
   * are in memory, else read from disk, and then maybe fewer (up to the end of a segment).
   *
   * @throws RangeError when the log does not hold them all
   * @throws LogDamagedError (the promise) when they are not what was written there
   */
  entriesFrom(
    from: LogIndex,
    to: LogIndex,
    limitBytes: number,
  ): readonly Entry[] | Promise<readonly Entry[]> {
    this.requireIndex(from, this.firstIndex);
    this.requireIndex(to, from);
    if (from >= this.tail.firstIndex) return this.tail.slice(from, to, limitBytes);
    return this.readEntries(from, Math.min(to, this.tail.firstIndex - 1), limitBytes);
  }

  /** Removes the segments that hold only entries up to `index`, which must be durable elsewhere. */
  discardThrough(index: LogIndex): Promise<void> {
    this.discarding = this.discarding
      .then(() => this.discardSegments(index))
      .catch((error: unknown) => this.fail(error));
    return this.discarding;
  }

  /** When the disk was full: tries again to prepare the next segment. To be called now and then. */
  retry(): void {
    if (this.spare.isOutOfSpace) this.spare.prepare();
  }

  /** Writes what was appended, unless the disk is full or has failed, and closes the files. Appending ends here. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.full) await this.spare.close();
    if (!this.failed) await this.commit.flush(this.lastIndex + 1, this.terms.lastTerm);
    await this.spare.close();
    await this.discarding;
    for (const segment of this.segments.all()) await closeSegment(segment);
  }

  private commitEvents(): GroupCommitEvents {
    return {
      written: (record, offset) => this.recordWritten(record, offset),
      durable: (batchId) => this.onDurable(batchId),
      failed: (error) => this.fail(error),
    };
  }

  private appendEntries(entries: readonly Entry[]): void {
    const from = entries[0]!.index;
    if (from <= this.lastIndex) this.truncateFrom(from);
    for (const entry of entries) {
      this.commit.addEntry(entry, this.terms.lastTerm);
      this.terms.append(entry.index, entry.term);
      this.table.append(entry.data.length);
      this.tail.push(entry);
    }
  }

  private truncateFrom(index: LogIndex): void {
    this.truncations += 1;
    this.terms.truncateFrom(index);
    this.table.truncateFrom(index);
    this.tail.truncateFrom(index);
    this.durable = Math.min(this.durable, index - 1);
  }

  private recordWritten(record: RecordBuilder, offset: number): void {
    if (record.isWithoutEntries) return;
    this.table.place(record.firstIndex, record.endIndex - 1, offset);
    this.durable = this.commit.stillValid(record.endIndex - 1);
    this.tail.evict(this.durable);
  }

  private async readEntries(from: LogIndex, to: LogIndex, limitBytes: number): Promise<readonly Entry[]> {
    const truncations = this.truncations;
    const entries = await this.reader.read(from, to, limitBytes);
    return truncations === this.truncations ? entries : this.entriesFrom(from, to, limitBytes);
  }

  private async discardSegments(index: LogIndex): Promise<void> {
    if (!this.segments.canDiscardOldest(index)) return;
    while (this.segments.canDiscardOldest(index)) {
      const segment = this.segments.takeOldest();
      this.forgetBefore(this.segments.oldest.firstIndex);
      await closeSegment(segment);
      await this.disk.remove(segment.name);
      // One at a time: were an older one still there after a crash, and this one not, the log would have a hole.
      await this.disk.syncDirectory();
    }
    this.retry();
  }

  private forgetBefore(index: LogIndex): void {
    this.terms.discardBefore(index - 1);
    this.table.discardBefore(index);
    this.tail.discardBefore(index);
  }

  private spareChanged(): void {
    if (this.full && this.closing) void this.spare.close();
    if (this.full === this.wasFull) return;
    this.wasFull = this.full;
    this.onFullChange(this.full);
  }

  private fail(error: unknown): void {
    if (this.failed) return;
    this.failed = true;
    this.onFailure(error);
  }

  private changesTermOrVote(hardState: HardState | null): boolean {
    if (hardState === null) return false;
    const { currentTerm, votedFor } = this.commit.hardState;
    return hardState.currentTerm !== currentTerm || hardState.votedFor !== votedFor;
  }

  /** Term and vote never go back (§5.1, §5.2). */
  private requireForward({ currentTerm, votedFor }: HardState): void {
    const before = this.commit.hardState;
    const isForward =
      currentTerm > before.currentTerm ||
      (currentTerm === before.currentTerm && (before.votedFor === 0 || votedFor === before.votedFor));
    if (isForward) return;
    const was = `term ${before.currentTerm}, vote ${before.votedFor}`;
    throw new RangeError(`the hard state goes back: term ${currentTerm}, vote ${votedFor} after ${was}`);
  }

  private requireJoining(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index > this.lastIndex + 1 || first.index < this.firstIndex) {
      throw new RangeError(
        `entry ${first.index} does not join a log of ${this.firstIndex} to ${this.lastIndex}`,
      );
    }
    let term = this.terms.termAt(first.index - 1);
    let index = first.index;
    for (const entry of entries) {
      if (entry.index !== index) throw new RangeError(`entry ${entry.index} stands where ${index} is due`);
      if (entry.term < term)
        throw new RangeError(`entry ${index} of term ${entry.term} follows term ${term}`);
      if (entry.data.length > this.entryLimitBytes) {
        throw new RangeError(`entry ${index} has ${entry.data.length} bytes, over ${this.entryLimitBytes}`);
      }
      term = entry.term;
      index += 1;
    }
  }

  private requireIndex(index: LogIndex, least: LogIndex): void {
    if (index >= least && index <= this.lastIndex) return;
    throw new RangeError(
      `entry ${index} is not in the log, which holds ${this.firstIndex} to ${this.lastIndex}`,
    );
  }
}

/** What fits into a segment of its own. */
function largestEntryIn(segmentBytes: number): number {
  return segmentBytes - HEADER_BYTES - RECORD_OVERHEAD_BYTES - ENTRY_FIXED_BYTES - XDR_PADDING_MAX;
}
