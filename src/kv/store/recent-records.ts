import { crc32 } from "node:zlib";
import { XdrWriter } from "../../xdr/index.ts";
import { type StoreRecord, storeRecordCodec } from "../gen/store.ts";
import { CHECKSUM_BYTES, decodeBody } from "./record-codec.ts";

const CHUNK_BYTES = 1 << 20;
/** What a sealed record takes besides key and value, padding included. */
const RECORD_FIXED_BYTES = CHECKSUM_BYTES + 28 + 2 * (4 + 3);

/** Sealed records of consecutive revisions, one behind the other in one buffer that never moves. */
class Chunk {
  readonly firstRevision: number;
  readonly capacityBytes: number;
  readonly writer: XdrWriter;
  /** All of the buffer that the writer writes to. */
  readonly bytes: Uint8Array;
  /** Where the record of `firstRevision + i` begins. */
  readonly starts: number[] = [];

  constructor(firstRevision: number, capacityBytes: number) {
    this.firstRevision = firstRevision;
    this.capacityBytes = capacityBytes;
    this.writer = new XdrWriter(capacityBytes);
    const { buffer, byteOffset } = this.writer.view();
    this.bytes = new Uint8Array(buffer, byteOffset, capacityBytes);
  }

  /** The sealed record of `revision`, without its first `skipBytes`. */
  at(revision: number, skipBytes: number): Uint8Array {
    const slot = revision - this.firstRevision;
    const end = this.starts[slot + 1] ?? this.writer.position;
    const start = this.starts[slot]! + skipBytes;
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, end - start);
  }
}

/**
 * The records that are not in a durable checkpoint yet, sealed as the record store will get them.
 *
 * Each is encoded once, when it is made; reads and the checkpoint get views of that. A view stays valid as long as
 * somebody holds it, also after the record was dropped here.
 */
export class RecentRecords {
  private readonly chunks: Chunk[] = [];
  private first: number;
  private next: number;
  private bytes = 0;

  /** @param firstRevision  of the first record that will be added */
  constructor(firstRevision: number) {
    this.first = firstRevision;
    this.next = firstRevision;
  }

  get firstRevision(): number {
    return this.first;
  }

  /** Bytes that the records take, up to a chunk of dropped ones included. */
  get sizeBytes(): number {
    return this.bytes;
  }

  /**
   * Adds the record of the next revision.
   * @returns its CRC-32
   * @throws XdrError when key or value are larger than they may be; nothing was added then
   */
  add(record: StoreRecord): number {
    const chunk = this.chunkFor(RECORD_FIXED_BYTES + record.key.length + record.value.length);
    const { writer } = chunk;
    const start = writer.position;
    try {
      writer.uint32(0);
      storeRecordCodec.encode(writer, record);
    } catch (error) {
      writer.truncate(start);
      throw error;
    }
    const checksum = crc32(writer.viewFrom(start + CHECKSUM_BYTES));
    writer.patchUint32(start, checksum);
    chunk.starts.push(start);
    this.bytes += writer.position - start;
    this.next += 1;
    return checksum;
  }

  /** The sealed record, a view; it must be here. */
  sealedAt(revision: number): Uint8Array {
    return this.chunkOf(revision).at(revision, 0);
  }

  /** The record; undefined when it is older than all here. Key and value are views. */
  at(revision: number): StoreRecord | undefined {
    if (revision < this.first) return undefined;
    // It never left memory, so its checksum is not looked at.
    return decodeBody(storeRecordCodec, this.chunkOf(revision).at(revision, CHECKSUM_BYTES));
  }

  /** Forgets the records up to `revision`; chunks without others give their memory back. */
  dropThrough(revision: number): void {
    this.first = revision + 1;
    while (this.chunks.length > 0 && this.endOf(0) <= this.first) {
      this.bytes -= this.chunks[0]!.writer.position;
      this.chunks.shift();
    }
  }

  private endOf(at: number): number {
    const chunk = this.chunks[at]!;
    return chunk.firstRevision + chunk.starts.length;
  }

  private chunkFor(recordBytes: number): Chunk {
    const last = this.chunks[this.chunks.length - 1];
    if (last !== undefined && last.writer.position + recordBytes <= last.capacityBytes) return last;
    const chunk = new Chunk(this.next, Math.max(CHUNK_BYTES, recordBytes));
    this.chunks.push(chunk);
    return chunk;
  }

  private chunkOf(revision: number): Chunk {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.chunks[middle]!.firstRevision <= revision) low = middle;
      else high = middle - 1;
    }
    return this.chunks[low]!;
  }
}
