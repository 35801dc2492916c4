/**
 * What the log finds on the disk when it is opened, and how it puts the end of it in order.
 *
 * Each record is written only after the one before it was durable, and a segment gets its name only after its
 * header and first record were. So a crash can leave exactly one thing behind: a last record, in the last segment,
 * that is not whole. That is cut off. Everything else that does not check is damage, and stops the server before
 * anything on the disk is changed.
 *
 * Of the disk it is assumed that it writes sectors as a whole or not at all, and does not touch bytes beside those
 * that it is told to write: a record begins in the sector in which the one before it ends.
 */
import type { Entry, HardState, LogIndex, Term } from "../../raft/types.ts";
import { type LogRecord, logRecordCodec } from "../gen/log.ts";
import type { Disk } from "../ports.ts";
import { EntryTable } from "./entry-table.ts";
import { EntryTail } from "./entry-tail.ts";
import { LogDamagedError } from "./errors.ts";
import {
  asBuffer,
  checksumSeed,
  decodeChecked,
  decodeHeader,
  encodeHeader,
  type FramedRecord,
  findLaterRecord,
  HEADER_BYTES,
  recordAt,
  type SegmentHeader,
  segmentName,
} from "./format.ts";
import { newSegment, type Segment } from "./segment-list.ts";
import { SPARE_NAME, writeZeros } from "./spare-segment.ts";
import { TermRuns } from "./term-runs.ts";

/** The state that the records of all segments amount to. */
export interface RecoveredState {
  readonly logId: number;
  readonly segments: Segment[];
  readonly terms: TermRuns;
  readonly table: EntryTable;
  readonly tail: EntryTail;
  readonly hardState: HardState;
  readonly nextSequence: number;
  /** Bytes of an unfinished last record that were cut off. */
  readonly tornBytes: number;
  /** The last segment ended in an unfinished record, or before its end. */
  readonly isCutShort: boolean;
}

/** An entry, or the place before the first one. */
export interface LogPosition {
  readonly index: LogIndex;
  readonly term: Term;
}

/** Makes the first segment of a new log. */
export async function createFirstSegment(
  disk: Disk,
  logId: number,
  segmentBytes: number,
  tailLimitBytes: number,
): Promise<RecoveredState> {
  const hardState: HardState = { currentTerm: 0, votedFor: 0, commitIndex: 0 };
  const header = { logId, segment: 1, sequence: 1, prevIndex: 0, prevTerm: 0, hardState };
  return {
    logId,
    segments: [await createSegment(disk, header, segmentBytes)],
    terms: new TermRuns(0, 0),
    table: new EntryTable(1),
    tail: new EntryTail(1, tailLimitBytes),
    hardState,
    nextSequence: 1,
    tornBytes: 0,
    isCutShort: false,
  };
}

/** Makes a segment without records; it gets its name when it is whole. */
async function createSegment(disk: Disk, header: SegmentHeader, segmentBytes: number): Promise<Segment> {
  if ((await disk.list()).includes(SPARE_NAME)) await disk.remove(SPARE_NAME);
  const file = await disk.create(SPARE_NAME);
  await file.write(0, encodeHeader(header));
  await writeZeros(file, HEADER_BYTES, segmentBytes);
  await file.sync();
  await disk.rename(SPARE_NAME, segmentName(header.segment));
  return newSegment(header.segment, file, segmentBytes, HEADER_BYTES, header.prevIndex + 1);
}

/** The end of the last segment, and what has to be written there before it may be trusted. */
interface SegmentEnd {
  /** Where the last whole record begins; 0 when there is none: then the header is meant. */
  readonly lastRecordAt: number;
  readonly usedBytes: number;
  readonly tornBytes: number;
}

/**
 * Reads all segments and repairs the end of the last one.
 *
 * @param segmentNumbers  as found in the directory, ascending, at least one
 * @param reach  see `LogOptions.reach`
 * @throws LogDamagedError; nothing was changed then
 */
export async function recover(
  disk: Disk,
  segmentNumbers: readonly number[],
  segmentBytes: number,
  tailLimitBytes: number,
  reach?: LogPosition,
): Promise<RecoveredState> {
  const recovery = new Recovery(disk, tailLimitBytes);
  try {
    for (const number of segmentNumbers) await recovery.readSegment(number);
    await recovery.repair(segmentBytes);
    if (reach !== undefined) await recovery.goOnBehind(reach, segmentBytes);
    return recovery.state();
  } catch (error) {
    await recovery.abandon();
    throw error;
  }
}

class Recovery {
  private readonly disk: Disk;
  private readonly tailLimitBytes: number;
  private readonly segments: Segment[] = [];
  private header: SegmentHeader | undefined;
  private seed = 0;
  private terms = new TermRuns(0, 0);
  private table = new EntryTable(1);
  private tail: EntryTail;
  private hardState: HardState = { currentTerm: 0, votedFor: 0, commitIndex: 0 };
  private nextSequence = 0;
  /** Bytes of the segment read last, and where in it the first position is that holds no record. */
  private bytes: Buffer = Buffer.alloc(0);
  private end: SegmentEnd = { lastRecordAt: 0, usedBytes: 0, tornBytes: 0 };
  private isCutShort = false;

  constructor(disk: Disk, tailLimitBytes: number) {
    this.disk = disk;
    this.tailLimitBytes = tailLimitBytes;
    this.tail = new EntryTail(1, tailLimitBytes);
  }

  async readSegment(number: number): Promise<void> {
    const name = segmentName(number);
    const expected = this.header === undefined ? number : this.header.segment + 1;
    if (number !== expected)
      throw this.damaged(segmentName(expected), 0, "this segment of the log is missing");
    const file = await this.disk.open(name);
    const size = await file.size();
    const segment = newSegment(number, file, size, 0, 0);
    this.segments.push(segment);
    this.bytes = asBuffer(await file.read(0, size));
    const header = decodeHeader(this.bytes, this.pathOf(name), number);
    this.startSegment(header, name);
    segment.firstIndex = header.prevIndex + 1;
    this.readRecords(segment);
  }

  /** Checks the end of the last segment, and repairs it. */
  async repair(segmentBytes: number): Promise<void> {
    const last = this.segments[this.segments.length - 1]!;
    this.requireEndOfLog(last);
    this.isCutShort = this.end.tornBytes > 0 || last.capacityBytes < segmentBytes;
    const segment: Segment = { ...last, capacityBytes: Math.max(last.capacityBytes, segmentBytes) };
    this.segments[this.segments.length - 1] = segment;
    await this.repairEnd(segment, last.capacityBytes);
  }

  /** Where the log ends before `reach`, it goes on behind it, in a segment of its own. All before is void. */
  async goOnBehind(reach: LogPosition, segmentBytes: number): Promise<void> {
    if (reach.index <= this.table.lastIndex) return;
    const { currentTerm } = this.hardState;
    if (reach.term > currentTerm)
      this.hardState = { ...this.hardState, currentTerm: reach.term, votedFor: 0 };
    const segment = this.header!.segment + 1;
    const { nextSequence: sequence, hardState } = this;
    const { index: prevIndex, term: prevTerm } = reach;
    this.header = { logId: this.header!.logId, segment, sequence, prevIndex, prevTerm, hardState };
    this.restartAt(prevIndex, prevTerm);
    this.segments.push(await createSegment(this.disk, this.header, segmentBytes));
  }

  state(): RecoveredState {
    const commitIndex = Math.min(this.hardState.commitIndex, this.table.lastIndex);
    return {
      logId: this.header!.logId,
      segments: this.segments,
      terms: this.terms,
      table: this.table,
      tail: this.tail,
      hardState: { ...this.hardState, commitIndex },
      nextSequence: this.nextSequence,
      tornBytes: this.end.tornBytes,
      isCutShort: this.isCutShort,
    };
  }

  async abandon(): Promise<void> {
    for (const segment of this.segments) await segment.file.close();
  }

  private startSegment(header: SegmentHeader, name: string): void {
    const previous = this.header;
    this.header = header;
    if (previous === undefined) {
      this.seed = checksumSeed(header.logId);
      this.nextSequence = header.sequence;
      this.hardState = header.hardState;
      this.restartAt(header.prevIndex, header.prevTerm);
      return;
    }
    if (header.logId !== previous.logId) throw this.damaged(name, 0, "this segment belongs to another log");
    if (header.sequence !== this.nextSequence) {
      const place = segmentName(previous.segment);
      throw this.damaged(place, this.end.usedBytes, `record ${this.nextSequence} is damaged or missing`);
    }
    if (header.prevIndex > this.table.lastIndex) {
      // The log was begun anew behind what it had lost, see `goOnBehind`.
      this.hardState = header.hardState;
      this.restartAt(header.prevIndex, header.prevTerm);
    } else if (!this.agrees(header.prevIndex, header.prevTerm)) {
      throw this.damaged(name, 0, "the segment does not continue the one before it");
    }
  }

  /** Takes in all records of a segment, up to the first position where there is none. */
  private readRecords(segment: Segment): void {
    let at = HEADER_BYTES;
    let lastRecordAt = 0;
    for (;;) {
      const record = recordAt(this.bytes, at, this.seed);
      if (record === undefined || record.sequence !== this.nextSequence) break;
      this.takeRecord(record, segment, at);
      this.nextSequence += 1;
      lastRecordAt = at;
      at = record.end;
    }
    segment.usedBytes = at;
    this.end = { lastRecordAt, usedBytes: at, tornBytes: 0 };
  }

  private takeRecord(framed: FramedRecord, segment: Segment, at: number): void {
    const damaged = (problem: string): LogDamagedError =>
      this.damaged(segment.name, at, `record ${framed.sequence} ${problem}`);
    const record = decodeChecked(logRecordCodec, framed.body, damaged);
    const lastIndex = this.table.lastIndex;
    if (record.firstIndex > lastIndex + 1) throw damaged("leaves out entries");
    if (record.entries.length === 0 && record.firstIndex <= lastIndex) throw damaged("cuts off entries");
    if (record.hardState !== null && record.hardState.currentTerm < this.hardState.currentTerm) {
      throw damaged("goes back to an earlier term");
    }
    if (record.hardState !== null) this.hardState = record.hardState;
    if (record.entries.length === 0) return;
    if (record.firstIndex < this.table.firstIndex) this.restartAt(record.firstIndex - 1, record.prevTerm);
    if (!this.agrees(record.firstIndex - 1, record.prevTerm))
      throw damaged("contradicts the entry before it");
    this.noteEntriesFrom(record.firstIndex);
    this.takeEntries(record, damaged);
    this.table.place(record.firstIndex, this.table.lastIndex, at);
  }

  private takeEntries(record: LogRecord, damaged: (problem: string) => LogDamagedError): void {
    this.terms.truncateFrom(record.firstIndex);
    this.table.truncateFrom(record.firstIndex);
    this.tail.truncateFrom(record.firstIndex);
    let index = record.firstIndex;
    for (const { term, kind, data } of record.entries) {
      if (term < this.terms.lastTerm) throw damaged("has terms that go back");
      const entry: Entry = { index, term, kind, data };
      this.terms.append(index, term);
      this.table.append(data.length);
      this.tail.push(entry);
      index += 1;
    }
    this.tail.evict(this.table.lastIndex);
  }

  /** The last segment may end in one unfinished record; a whole record behind it means damage. */
  private requireEndOfLog(last: Segment): void {
    const from = this.end.usedBytes;
    const later = findLaterRecord(this.bytes, from, this.nextSequence, this.seed);
    if (later !== undefined) {
      const problem = `record ${this.nextSequence} is damaged: there is a later one, whole, at byte ${later}`;
      throw this.damaged(last.name, from, problem);
    }
    let dirtyEnd = this.bytes.length;
    while (dirtyEnd > from && this.bytes[dirtyEnd - 1] === 0) dirtyEnd -= 1;
    this.end = { ...this.end, tornBytes: dirtyEnd - from };
  }

  /**
   * What was read may have been in the kernel's memory only: the process can have ended between a write and its
   * sync, or because a sync failed, after which the kernel calls pages clean that never reached the disk. Only
   * the last record can be in that state, since each is written after the one before it was durable. So the last
   * record is written again, an unfinished one behind it is overwritten with zeros, missing blocks are written,
   * and all of it is synced, before anything is built on it.
   */
  private async repairEnd(segment: Segment, sizeBytes: number): Promise<void> {
    const { lastRecordAt, usedBytes, tornBytes } = this.end;
    await segment.file.write(lastRecordAt, this.bytes.subarray(lastRecordAt, usedBytes));
    await writeZeros(segment.file, usedBytes, usedBytes + tornBytes);
    await writeZeros(segment.file, Math.max(sizeBytes, usedBytes), segment.capacityBytes);
    await segment.file.sync();
  }

  /** Older segments are gone, or void: the log begins behind this position. */
  private restartAt(prevIndex: LogIndex, prevTerm: Term): void {
    this.terms = new TermRuns(prevIndex, prevTerm);
    this.table = new EntryTable(prevIndex + 1);
    this.tail = new EntryTail(prevIndex + 1, this.tailLimitBytes);
  }

  private noteEntriesFrom(index: LogIndex): void {
    for (const segment of this.segments) segment.firstIndex = Math.min(segment.firstIndex, index);
  }

  /** False when the log is known to hold another term at `index`. */
  private agrees(index: LogIndex, term: Term): boolean {
    return index < this.table.firstIndex - 1 || this.terms.termAt(index) === term;
  }

  private damaged(name: string, offset: number, problem: string): LogDamagedError {
    return new LogDamagedError(this.pathOf(name), offset, problem);
  }

  private pathOf(name: string): string {
    return `${this.disk.path}/${name}`;
  }
}
