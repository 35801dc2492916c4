import { XdrError } from "./errors.ts";
import { paddingOf } from "./padding.ts";

const TWO_32 = 0x1_0000_0000;
const INITIAL_BYTES = 1024;

/** In a regular expression that knows pairs, a surrogate that matches is one without its other half. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Writes XDR items (RFC 4506) into one growable buffer.
 *
 * Values are checked as they are written, so that what leaves is what a strict reader accepts, but for the reader's
 * own limits on how deep values nest. Their types are the compiler's business: text where bytes belong is not noticed.
 * The last parameter of each method, `field`, is only for the error text.
 */
export class XdrWriter {
  private buffer: Buffer;
  private offset = 0;

  /** @param capacityBytes  room to start with; the buffer doubles when it is full */
  constructor(capacityBytes: number = INITIAL_BYTES) {
    this.buffer = Buffer.allocUnsafeSlow(Math.max(capacityBytes, 16));
  }

  /** How many bytes were written. */
  get position(): number {
    return this.offset;
  }

  /** What was written, as a view that is valid until the next write. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.offset);
  }

  /** What was written from `position` on, as a view that is valid until what is in it is written over. */
  viewFrom(position: number): Uint8Array {
    const { buffer, byteOffset } = this.buffer;
    return new Uint8Array(buffer, byteOffset + position, this.offset - position);
  }

  /** What was written, as a copy that is the caller's. */
  copy(): Uint8Array {
    return new Uint8Array(this.view());
  }

  /** Hands the buffer over without a copy and starts on a new one of `capacityBytes`. */
  take(capacityBytes: number = INITIAL_BYTES): Buffer {
    const written = this.buffer.subarray(0, this.offset);
    this.buffer = Buffer.allocUnsafeSlow(Math.max(capacityBytes, 16));
    this.offset = 0;
    return written;
  }

  /** Forgets all that was written behind `position`, for example the first half of a value that failed. */
  truncate(position: number): void {
    if (position > this.offset)
      throw new RangeError(`truncate to ${position}, but only ${this.offset} written`);
    this.offset = position;
  }

  /** Overwrites four bytes that were written before, for example a length known only now. */
  patchUint32(position: number, value: number): void {
    this.buffer.writeUInt32BE(value, position);
  }

  /** int, −2^31 to 2^31 − 1 (RFC 4506 §4.1). */
  int32(value: number, field?: string): void {
    if (value !== (value | 0)) throw outOfRange(value, "int", field);
    this.word(value);
  }

  /** unsigned int, 0 to 2^32 − 1 (RFC 4506 §4.2). */
  uint32(value: number, field?: string): void {
    if (value !== value >>> 0) throw outOfRange(value, "unsigned int", field);
    this.word(value);
  }

  /** bool (RFC 4506 §4.4). */
  bool(value: boolean, field?: string): void {
    if (value !== true && value !== false) throw outOfRange(value, "bool", field);
    this.word(value ? 1 : 0);
  }

  /** hyper from bigint (RFC 4506 §4.5). */
  hyper(value: bigint, field?: string): void {
    if (BigInt.asIntN(64, value) !== value) throw outOfRange(value, "hyper", field);
    scratch.setBigInt64(0, value);
    this.fromScratch(8);
  }

  /** unsigned hyper from bigint (RFC 4506 §4.5). */
  uhyper(value: bigint, field?: string): void {
    if (BigInt.asUintN(64, value) !== value) throw outOfRange(value, "unsigned hyper", field);
    scratch.setBigUint64(0, value);
    this.fromScratch(8);
  }

  /** hyper from a number that is a safe integer. */
  hyperNumber(value: number, field?: string): void {
    if (!Number.isSafeInteger(value)) throw outOfRange(value, "hyper of at most 2^53 - 1", field);
    this.word(Math.floor(value / TWO_32));
    this.word(value >>> 0);
  }

  /** unsigned hyper from a number that is a safe integer and not negative. */
  uhyperNumber(value: number, field?: string): void {
    if (value < 0) throw outOfRange(value, "unsigned hyper", field);
    this.hyperNumber(value, field);
  }

  /** float: rounds to IEEE 754 single precision (RFC 4506 §4.6). */
  float(value: number, _field?: string): void {
    scratch.setFloat32(0, value);
    this.fromScratch(4);
  }

  /** double (RFC 4506 §4.7). */
  double(value: number, _field?: string): void {
    scratch.setFloat64(0, value);
    this.fromScratch(8);
  }

  /** quadruple: the 16 bytes of an IEEE 754 binary128 (RFC 4506 §4.8); see `quadrupleFromNumber`. */
  quadruple(value: Uint8Array, field?: string): void {
    this.fixedOpaque(value, 16, field);
  }

  /** opaque[length] (RFC 4506 §4.9). */
  fixedOpaque(value: Uint8Array, length: number, field?: string): void {
    if (value.length !== length) {
      throw new XdrError("XDR_BAD_LENGTH", `length ${value.length} is not ${length}`, field);
    }
    this.padded(value);
  }

  /** opaque<limit> (RFC 4506 §4.10). */
  varOpaque(value: Uint8Array, limit: number, field?: string): void {
    if (value.length > limit) throw tooLong(value.length, limit, field);
    this.word(value.length);
    this.padded(value);
  }

  /**
   * string<limit> (RFC 4506 §4.11), as UTF-8; `limit` counts bytes.
   * @throws XdrError `XDR_BAD_STRING` for half a surrogate pair, which has no UTF-8
   */
  string(value: string, limit: number, field?: string): void {
    const length = Buffer.byteLength(value);
    if (length > limit) throw tooLong(length, limit, field);
    if (length !== value.length && LONE_SURROGATE.test(value)) {
      throw new XdrError("XDR_BAD_STRING", "string has no UTF-8 form", field);
    }
    this.word(length);
    const at = this.advance(length + paddingOf(length));
    this.buffer.write(value, at, length);
    this.zero(at + length);
  }

  /** The element count of a variable-length array (RFC 4506 §4.13). */
  arrayLength(length: number, limit: number, field?: string): void {
    if (length > limit) throw tooLong(length, limit, field);
    this.word(length);
  }

  /** Checks the length of a fixed-length array (RFC 4506 §4.12), which is not written. */
  fixedArrayLength(length: number, expected: number, field?: string): void {
    if (length !== expected) {
      throw new XdrError("XDR_BAD_LENGTH", `${length} elements, not ${expected}`, field);
    }
  }

  /** Bytes that already are XDR, hence a multiple of four. */
  encoded(bytes: Uint8Array): void {
    if (bytes.length % 4 !== 0) throw new RangeError(`${bytes.length} bytes are not a multiple of four`);
    this.padded(bytes);
  }

  private padded(value: Uint8Array): void {
    const length = value.length;
    const at = this.advance(length + paddingOf(length));
    this.buffer.set(value, at);
    this.zero(at + length);
  }

  /** Writes the padding: zeros from `position` to the end (RFC 4506 §3). */
  private zero(position: number): void {
    for (let at = position; at < this.offset; at++) this.buffer[at] = 0;
  }

  private word(value: number): void {
    const at = this.advance(4);
    const buffer = this.buffer;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  private fromScratch(count: number): void {
    const at = this.advance(count);
    for (let i = 0; i < count; i++) this.buffer[at + i] = scratch.getUint8(i);
  }

  private advance(count: number): number {
    const at = this.offset;
    const next = at + count;
    if (next > this.buffer.length) this.grow(next);
    this.offset = next;
    return at;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.offset));
    this.buffer = larger;
  }
}

function tooLong(length: number, limit: number, field: string | undefined): XdrError {
  return new XdrError("XDR_TOO_LONG", `length ${length} exceeds ${limit}`, field);
}

function outOfRange(value: unknown, type: string, field: string | undefined): XdrError {
  return new XdrError("XDR_OUT_OF_RANGE", `${String(value)} is not of type ${type}`, field);
}
