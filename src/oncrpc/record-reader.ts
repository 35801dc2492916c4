import type { ByteBudget } from "./byte-budget.ts";
import { RpcProtocolError } from "./errors.ts";

export interface RecordReaderOptions {
  /** Bytes in a record, its fragment headers not counted. Default: 4 MiB. */
  readonly recordLimitBytes?: number;
  /** Fragments in a record. Default: 1024. */
  readonly fragmentsLimit?: number;
  /** Where the memory for unfinished records is taken from. Default: there is enough. */
  readonly budget?: ByteBudget;
}

export const DEFAULT_RECORD_LIMIT_BYTES: number = 4 * 1024 * 1024;
export const DEFAULT_FRAGMENTS_LIMIT: number = 1024;

const HEADER_BYTES = 4;
const LENGTH_MASK = 0x7fff_ffff;
const JOINED_BYTES_MIN = 4096;
const GROWTH_FACTOR = 4;
const NO_BYTES = new Uint8Array(0);

/**
 * Cuts a byte stream into records (RFC 5531 §11), however the stream was cut into chunks.
 *
 * A record is one or more fragments. A fragment is a four-byte header and so many bytes; the top bit of the
 * header marks the last fragment of its record, the other 31 give the length. A record that lies inside one
 * chunk as one fragment comes out as a view of the chunk. Any other is put together in memory that grows with
 * what has arrived, never with what a header claims.
 */
export class RecordReader {
  private readonly recordLimitBytes: number;
  private readonly fragmentsLimit: number;
  private readonly budget: ByteBudget | undefined;

  /** A header that is cut by the end of a chunk: its bytes so far, and how many they are. */
  private header = 0;
  private headerBytes = 0;

  private insideFragment = false;
  private isLastFragment = false;
  private fragmentRemaining = 0;

  /** The record that is being put together: its fragments begun, and its bytes so far. */
  private fragments = 0;
  private joined: Uint8Array = NO_BYTES;
  private joinedBytes = 0;

  private readonly records: Uint8Array[] = [];
  private violation: RpcProtocolError | undefined;

  constructor(options: RecordReaderOptions = {}) {
    this.recordLimitBytes = options.recordLimitBytes ?? DEFAULT_RECORD_LIMIT_BYTES;
    this.fragmentsLimit = options.fragmentsLimit ?? DEFAULT_FRAGMENTS_LIMIT;
    this.budget = options.budget;
  }

  /** True from the first byte of a record until its last. */
  get isInsideRecord(): boolean {
    return this.headerBytes > 0 || this.fragments > 0;
  }

  /** What the stream did wrong, if anything. Nothing behind that can be read. */
  get failure(): RpcProtocolError | undefined {
    return this.violation;
  }

  /**
   * Reads what `chunk` holds of records: fragments are joined until the last-fragment bit.
   *
   * @param chunk  bytes as they came from the socket; records may be views of it, so it must not be overwritten
   * @returns the records that `chunk` completed, oldest first; the array is valid until the next call. Whoever
   *   keeps a record for long copies it, since a view keeps its whole chunk in memory
   * @throws RpcProtocolError `RECORD_TOO_LARGE` before any byte beyond `recordLimitBytes` is buffered,
   *   `TOO_MANY_FRAGMENTS`, `EMPTY_FRAGMENT`, `NO_BUFFER_SPACE`. Records that `chunk` completed before that are returned first:
   *   then `failure` is set at once, and the next call throws it
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    if (this.violation !== undefined) throw this.violation;
    this.records.length = 0;
    const end = chunk.length;
    let at = 0;
    while (at < end && this.violation === undefined) {
      at = this.insideFragment ? this.readFragment(chunk, at) : this.readHeader(chunk, at);
    }
    if (this.violation !== undefined && this.records.length === 0) throw this.violation;
    return this.records;
  }

  /** Forgets the record that is being put together. Nothing can be read afterwards. */
  close(): void {
    this.releaseJoined();
  }

  /** Reads a header, as far as `chunk` has it, and in the usual case the whole record that it begins. */
  private readHeader(chunk: Uint8Array, at: number): number {
    if (this.headerBytes > 0 || chunk.length - at < HEADER_BYTES) return this.readHeaderByte(chunk, at);
    const header = (chunk[at]! << 24) | (chunk[at + 1]! << 16) | (chunk[at + 2]! << 8) | chunk[at + 3]!;
    const start = at + HEADER_BYTES;
    const length = header & LENGTH_MASK;
    const isWhole = header < 0 && this.fragments === 0 && length <= chunk.length - start;
    if (isWhole && length <= this.recordLimitBytes) {
      this.records.push(new Uint8Array(chunk.buffer, chunk.byteOffset + start, length));
      return start + length;
    }
    this.beginFragment(header);
    return start;
  }

  private readHeaderByte(chunk: Uint8Array, at: number): number {
    this.header = (this.header << 8) | chunk[at]!;
    this.headerBytes += 1;
    if (this.headerBytes === HEADER_BYTES) {
      this.headerBytes = 0;
      this.beginFragment(this.header);
    }
    return at + 1;
  }

  private beginFragment(header: number): void {
    const length = header & LENGTH_MASK;
    this.isLastFragment = header < 0;
    this.fragmentRemaining = length;
    this.fragments += 1;
    if (this.joinedBytes + length > this.recordLimitBytes) {
      const bytes = this.joinedBytes + length;
      this.fail(
        "RECORD_TOO_LARGE",
        `a record has ${bytes} bytes or more, the limit is ${this.recordLimitBytes}`,
      );
    } else if (this.fragments > this.fragmentsLimit) {
      this.fail("TOO_MANY_FRAGMENTS", `a record has more than ${this.fragmentsLimit} fragments`);
    } else if (length === 0 && !this.isLastFragment) {
      this.fail("EMPTY_FRAGMENT", "a fragment is empty and not the last of its record");
    } else if (length === 0) {
      this.endRecord();
    } else {
      this.insideFragment = true;
    }
  }

  private readFragment(chunk: Uint8Array, at: number): number {
    const count = Math.min(this.fragmentRemaining, chunk.length - at);
    if (!this.append(new Uint8Array(chunk.buffer, chunk.byteOffset + at, count))) return chunk.length;
    this.fragmentRemaining -= count;
    if (this.fragmentRemaining === 0) {
      this.insideFragment = false;
      if (this.isLastFragment) this.endRecord();
    }
    return at + count;
  }

  private append(part: Uint8Array): boolean {
    const needed = this.joinedBytes + part.length;
    if (needed > this.joined.length && !this.grow(needed)) return false;
    this.joined.set(part, this.joinedBytes);
    this.joinedBytes = needed;
    return true;
  }

  private grow(needed: number): boolean {
    // Growing by a factor keeps the copying linear; what the headers have announced is as much as can be of use.
    const announced = this.joinedBytes + this.fragmentRemaining;
    const generous = Math.max(this.joined.length * GROWTH_FACTOR, JOINED_BYTES_MIN);
    const capacity = Math.max(needed, Math.min(generous, announced));
    if (this.budget?.take(capacity - this.joined.length) === false) {
      this.fail("NO_BUFFER_SPACE", "there is no memory left for unfinished records");
      return false;
    }
    const larger = new Uint8Array(capacity);
    larger.set(new Uint8Array(this.joined.buffer, 0, this.joinedBytes));
    this.joined = larger;
    return true;
  }

  private releaseJoined(): void {
    this.budget?.give(this.joined.length);
    this.joined = NO_BYTES;
  }

  private endRecord(): void {
    // The memory goes with the record, so that a record stays valid for as long as somebody holds it.
    this.records.push(new Uint8Array(this.joined.buffer, 0, this.joinedBytes));
    this.releaseJoined();
    this.joinedBytes = 0;
    this.fragments = 0;
  }

  private fail(code: RpcProtocolError["code"], message: string): void {
    this.violation = new RpcProtocolError(code, message);
    this.releaseJoined();
  }
}
