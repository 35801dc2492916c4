import type { Entry, HardState, LogIndex, Term } from "../../raft/types.ts";
import type { XdrWriter } from "../../xdr/index.ts";
import { LOG_RECORD_ENTRIES_MAX, logEntryCodec, logHardStateCodec } from "../gen/log.ts";
import { ENTRY_FIXED_BYTES, FRAME_BYTES, HARD_STATE_BYTES, recordChecksum } from "./format.ts";

const LENGTH_AT = 4;
const COUNT_AT = FRAME_BYTES + 16;

/**
 * One record of the log while it is being filled: what is appended goes straight into its XDR form.
 *
 * `finish` closes it; until then anything may still join.
 */
export class RecordBuilder {
  readonly writer: XdrWriter;
  readonly sequence: number;
  readonly firstIndex: LogIndex;
  readonly prevTerm: Term;
  /** The newest of the batches that are durable with it. */
  lastBatchId = 0;
  private entryCount = 0;

  /** @param writer  an empty one, the builder's until the record is written */
  constructor(writer: XdrWriter, sequence: number, firstIndex: LogIndex, prevTerm: Term) {
    this.writer = writer;
    this.sequence = sequence;
    this.firstIndex = firstIndex;
    this.prevTerm = prevTerm;
    writer.uint32(0);
    writer.uint32(0);
    writer.uhyperNumber(sequence);
    writer.uhyperNumber(firstIndex);
    writer.uhyperNumber(prevTerm);
    writer.uint32(0);
  }

  /** One behind its last entry. */
  get endIndex(): LogIndex {
    return this.firstIndex + this.entryCount;
  }

  get isWithoutEntries(): boolean {
    return this.entryCount === 0;
  }

  /** How large the record would be now, at most. */
  get sizeBytes(): number {
    return this.writer.position + 4 + HARD_STATE_BYTES;
  }

  /** True when the record may take `dataBytes` more in one entry without becoming larger than `limitBytes`. */
  hasRoomFor(dataBytes: number, limitBytes: number): boolean {
    const grown = this.sizeBytes + ENTRY_FIXED_BYTES + dataBytes;
    return this.entryCount === 0 || (grown <= limitBytes && this.entryCount < LOG_RECORD_ENTRIES_MAX);
  }

  /** @throws XdrError when the data are larger than an entry may be; the record is as before then */
  add(entry: Entry): void {
    const start = this.writer.position;
    try {
      logEntryCodec.encode(this.writer, entry);
    } catch (error) {
      this.writer.truncate(start);
      throw error;
    }
    this.entryCount += 1;
  }

  /**
   * Closes the record.
   * @param hardState  null when it has not changed
   * @returns its bytes, a view that is valid while nothing else uses the writer
   */
  finish(hardState: HardState | null, seed: number): Uint8Array {
    const { writer } = this;
    writer.bool(hardState !== null);
    if (hardState !== null) logHardStateCodec.encode(writer, hardState);
    writer.patchUint32(LENGTH_AT, writer.position - FRAME_BYTES);
    writer.patchUint32(COUNT_AT, this.entryCount);
    const record = writer.view();
    writer.patchUint32(0, recordChecksum(record, seed));
    return record;
  }
}
