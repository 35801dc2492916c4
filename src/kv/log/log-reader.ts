import type { Entry, LogIndex, Term } from "../../raft/types.ts";
import { logRecordCodec } from "../gen/log.ts";
import type { Disk } from "../ports.ts";
import type { EntryTable } from "./entry-table.ts";
import { LogDamagedError } from "./errors.ts";
import { asBuffer, decodeChecked, recordAt } from "./format.ts";
import type { Segment, SegmentList } from "./segment-list.ts";
import type { TermRuns } from "./term-runs.ts";

/** Entries `from` to `to`, which one record holds. */
interface RecordPart {
  readonly offset: number;
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly firstTerm: Term;
}

/** Reads durable entries back from the segments and checks them. */
export class LogReader {
  private readonly disk: Disk;
  private readonly segments: SegmentList;
  private readonly table: EntryTable;
  private readonly terms: TermRuns;
  private readonly seed: number;

  constructor(disk: Disk, segments: SegmentList, table: EntryTable, terms: TermRuns, seed: number) {
    this.disk = disk;
    this.segments = segments;
    this.table = table;
    this.terms = terms;
    this.seed = seed;
  }

  /**
   * Entries from `from` on: up to `to`, up to the end of their segment, as many as fit `limitBytes`, at least one.
   * @throws LogDamagedError; also for what passes its checksum but is not what was written there
   */
  async read(from: LogIndex, to: LogIndex, limitBytes: number): Promise<Entry[]> {
    const segment = this.segments.find(from);
    const last = this.lastWithin(segment, from, to, limitBytes);
    const parts = this.partsOf(from, last);
    const start = parts[0]!.offset;
    const bytes = await this.readBytes(segment, start, this.endOfRecordWith(segment, last));
    const entries: Entry[] = [];
    for (const part of parts) this.decodePart(segment, bytes, part.offset - start, part, entries);
    return entries;
  }

  private lastWithin(segment: Segment, from: LogIndex, to: LogIndex, limitBytes: number): LogIndex {
    let last = from;
    let bytes = this.table.sizeAt(from);
    while (last < to && this.segments.find(last + 1) === segment) {
      bytes += this.table.sizeAt(last + 1);
      if (bytes > limitBytes) break;
      last += 1;
    }
    return last;
  }

  private partsOf(from: LogIndex, to: LogIndex): RecordPart[] {
    const parts: RecordPart[] = [];
    let start = from;
    for (let index = from; index <= to; index++) {
      const offset = this.table.recordOffsetAt(index);
      if (index < to && this.table.recordOffsetAt(index + 1) === offset) continue;
      parts.push({ offset, from: start, to: index, firstTerm: this.terms.termAt(start) });
      start = index + 1;
    }
    return parts;
  }

  /** A position at or behind the end of the record that holds `index`. */
  private endOfRecordWith(segment: Segment, index: LogIndex): number {
    const offset = this.table.recordOffsetAt(index);
    for (let next = index + 1; next <= this.table.lastIndex; next++) {
      if (this.segments.find(next) !== segment) break;
      const nextOffset = this.table.recordOffsetAt(next);
      if (nextOffset > offset) return nextOffset;
    }
    return segment.usedBytes;
  }

  private async readBytes(segment: Segment, from: number, to: number): Promise<Buffer> {
    const read = segment.file.read(from, to - from);
    segment.reads.add(read);
    try {
      return asBuffer(await read);
    } finally {
      segment.reads.delete(read);
    }
  }

  private decodePart(segment: Segment, bytes: Buffer, at: number, part: RecordPart, into: Entry[]): void {
    const damaged = (problem: string): LogDamagedError =>
      new LogDamagedError(`${this.disk.path}/${segment.name}`, part.offset, problem);
    const framed = recordAt(bytes, at, this.seed);
    if (framed === undefined) {
      throw damaged(`the record with entry ${part.from}, which was whole before, fails its checksum`);
    }
    const record = decodeChecked(logRecordCodec, framed.body, damaged);
    const first = part.from - record.firstIndex;
    if (
      record.entries[first]?.term !== part.firstTerm ||
      part.to - record.firstIndex >= record.entries.length
    ) {
      throw damaged(`another record is in the place of the one with entry ${part.from}`);
    }
    for (let index = part.from; index <= part.to; index++) {
      const { term, kind, data } = record.entries[index - record.firstIndex]!;
      into.push({ index, term, kind, data });
    }
  }
}
