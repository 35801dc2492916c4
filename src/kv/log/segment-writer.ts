import type { HardState } from "../../raft/types.ts";
import type { Disk } from "../ports.ts";
import { encodeHeader, HEADER_BYTES, segmentName } from "./format.ts";
import type { RecordBuilder } from "./record-builder.ts";
import { newSegment, type SegmentList } from "./segment-list.ts";
import { SPARE_NAME, type SpareSegment } from "./spare-segment.ts";

/** Puts records at the end of the log, each durable before the call returns. One at a time. */
export class SegmentWriter {
  private readonly disk: Disk;
  private readonly segments: SegmentList;
  private readonly spare: SpareSegment;
  private readonly logId: number;

  constructor(disk: Disk, segments: SegmentList, spare: SpareSegment, logId: number) {
    this.disk = disk;
    this.segments = segments;
    this.spare = spare;
    this.logId = logId;
  }

  /** Room behind the last record of the current segment. */
  get freeBytes(): number {
    const { capacityBytes, usedBytes } = this.segments.current;
    return capacityBytes - usedBytes;
  }

  /**
   * Waits until there is room for the record, which may grow meanwhile.
   * @returns false when there will be none, since the spare was closed
   */
  async roomFor(record: RecordBuilder): Promise<boolean> {
    return this.fits(record.sizeBytes) || (await this.spare.ready());
  }

  /**
   * Writes one record, for which there must be room; it is durable when the promise resolves.
   *
   * @param hardState  as of before the record
   * @returns where the record begins in what is now the current segment
   */
  async write(bytes: Uint8Array, record: RecordBuilder, hardState: HardState): Promise<number> {
    return this.fits(bytes.length) ? this.append(bytes, record) : this.beginSegment(bytes, record, hardState);
  }

  private fits(sizeBytes: number): boolean {
    return sizeBytes <= this.freeBytes;
  }

  private async append(bytes: Uint8Array, record: RecordBuilder): Promise<number> {
    const segment = this.segments.current;
    const at = segment.usedBytes;
    await segment.file.write(at, bytes);
    await segment.file.sync();
    segment.usedBytes = at + bytes.length;
    if (!record.isWithoutEntries) this.segments.noteEntriesFrom(record.firstIndex);
    return at;
  }

  /**
   * Begins a new segment with the record. Header and record are durable before the file gets its name: a segment
   * that is found under its name is whole.
   */
  private async beginSegment(
    bytes: Uint8Array,
    record: RecordBuilder,
    hardState: HardState,
  ): Promise<number> {
    const file = this.spare.take();
    const number = this.segments.current.number + 1;
    const header = encodeHeader({
      logId: this.logId,
      segment: number,
      sequence: record.sequence,
      prevIndex: record.firstIndex - 1,
      prevTerm: record.prevTerm,
      hardState,
    });
    await file.write(0, header);
    await file.write(HEADER_BYTES, bytes);
    await file.sync();
    await this.disk.rename(SPARE_NAME, segmentName(number));
    await this.disk.syncDirectory();
    this.segments.add(
      newSegment(number, file, this.spare.capacityBytes, HEADER_BYTES + bytes.length, record.firstIndex),
    );
    this.spare.prepare();
    return HEADER_BYTES;
  }
}
