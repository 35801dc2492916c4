import { XdrError } from "./errors.ts";
import { paddingOf } from "./padding.ts";

export interface XdrReaderOptions {
  /** Accept padding bytes that are not zero, as libtirpc does. Default: false. */
  readonly allowNonZeroPadding?: boolean;
  /** Let {@link XdrReader.finish} pass when bytes are left over. Default: false. */
  readonly allowTrailingBytes?: boolean;
  /** How deep values may nest through optionals and recursive types. Default: 128. */
  readonly depthLimit?: number;
}

/** An array of elements that take no bytes at all could claim 2^32 − 1 of them; this many are believed. */
const ZERO_WIDTH_ELEMENTS_LIMIT = 4096;
const DEFAULT_DEPTH_LIMIT = 128;
const TWO_32 = 0x1_0000_0000;

const scratch = new DataView(new ArrayBuffer(8));
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads XDR items (RFC 4506) from bytes that nobody vouches for.
 *
 * Each length is checked against its bound and against the bytes that remain before anything is allocated.
 * Opaque data comes back as a view of the input: whoever keeps it longer than the input copies it.
 * The last parameter of each method, `field`, is only for the error text.
 */
export class XdrReader {
  private bytes: Uint8Array;
  private offset: number;
  private end: number;
  private depth = 0;
  private readonly checkPadding: boolean;
  private readonly checkTrailing: boolean;
  private readonly depthLimit: number;

  constructor(bytes: Uint8Array, options: XdrReaderOptions = {}) {
    this.bytes = bytes;
    this.offset = 0;
    this.end = bytes.length;
    this.checkPadding = options.allowNonZeroPadding !== true;
    this.checkTrailing = options.allowTrailingBytes !== true;
    this.depthLimit = options.depthLimit ?? DEFAULT_DEPTH_LIMIT;
  }

  /** Starts over on other bytes, at `start`, so that one reader serves many messages. */
  reset(bytes: Uint8Array, start: number = 0): void {
    this.bytes = bytes;
    this.offset = start;
    this.end = bytes.length;
    this.depth = 0;
  }

  /** Where the next item begins, counted from the first byte. */
  get position(): number {
    return this.offset;
  }

  /** How many bytes are left. */
  get remaining(): number {
    return this.end - this.offset;
  }

  /**
   * Checks that everything was read.
   * @throws XdrError `XDR_TRAILING`
   */
  finish(field?: string): void {
    if (this.offset !== this.end && this.checkTrailing) {
      throw new XdrError("XDR_TRAILING", `${this.remaining} bytes left over`, field);
    }
  }

  /** int, −2^31 to 2^31 − 1 (RFC 4506 §4.1). */
  int32(field?: string): number {
    const at = this.advance(4, field);
    const bytes = this.bytes;
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }

  /** unsigned int, 0 to 2^32 − 1 (RFC 4506 §4.2). */
  uint32(field?: string): number {
    return this.int32(field) >>> 0;
  }

  /** bool: 0 or 1, nothing else (RFC 4506 §4.4). */
  bool(field?: string): boolean {
    const value = this.int32(field);
    if (value !== 0 && value !== 1) throw new XdrError("XDR_BAD_BOOL", `bool is ${value}`, field);
    return value === 1;
  }

  /** hyper as bigint (RFC 4506 §4.5). */
  hyper(field?: string): bigint {
    this.toScratch(this.advance(8, field), 8);
    return scratch.getBigInt64(0);
  }

  /** unsigned hyper as bigint (RFC 4506 §4.5). */
  uhyper(field?: string): bigint {
    this.toScratch(this.advance(8, field), 8);
    return scratch.getBigUint64(0);
  }

  /**
   * hyper as number.
   * @throws XdrError `XDR_OUT_OF_RANGE` beyond ±(2^53 − 1), where numbers stop being exact
   */
  hyperNumber(field?: string): number {
    const high = this.int32(field);
    const value = high * TWO_32 + this.uint32(field);
    if (!Number.isSafeInteger(value)) throw unsafe(field);
    return value;
  }

  /**
   * unsigned hyper as number.
   * @throws XdrError `XDR_OUT_OF_RANGE` beyond 2^53 − 1, where numbers stop being exact
   */
  uhyperNumber(field?: string): number {
    const high = this.int32(field) >>> 0;
    const value = high * TWO_32 + this.uint32(field);
    if (!Number.isSafeInteger(value)) throw unsafe(field);
    return value;
  }

  /** float: IEEE 754 single precision (RFC 4506 §4.6). */
  float(field?: string): number {
    this.toScratch(this.advance(4, field), 4);
    return scratch.getFloat32(0);
  }

  /** double: IEEE 754 double precision (RFC 4506 §4.7). */
  double(field?: string): number {
    this.toScratch(this.advance(8, field), 8);
    return scratch.getFloat64(0);
  }

  /** quadruple: the 16 bytes of an IEEE 754 binary128 (RFC 4506 §4.8), as a view; see `quadrupleToNumber`. */
  quadruple(field?: string): Uint8Array {
    return this.fixedOpaque(16, field);
  }

  /** opaque[length] (RFC 4506 §4.9), as a view of the input. */
  fixedOpaque(length: number, field?: string): Uint8Array {
    const padded = length + paddingOf(length);
    const at = this.advance(padded, field);
    if (padded !== length && this.checkPadding) this.requireZeros(at + length, at + padded, field);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, length);
  }

  /** opaque<limit> (RFC 4506 §4.10), as a view of the input. */
  varOpaque(limit: number, field?: string): Uint8Array {
    return this.fixedOpaque(this.byteLength(limit, field), field);
  }

  /** string<limit> (RFC 4506 §4.11); `limit` counts bytes. Must be UTF-8, of which the RFC's ASCII is a part. */
  string(limit: number, field?: string): string {
    const view = this.varOpaque(limit, field);
    try {
      return utf8.decode(view);
    } catch {
      throw new XdrError("XDR_BAD_STRING", "string is not UTF-8", field);
    }
  }

  /**
   * The element count of a variable-length array (RFC 4506 §4.13).
   *
   * @param limit  the declared bound
   * @param elementBytesMin  the least bytes that one element takes; no count that the rest cannot hold is returned
   */
  arrayLength(limit: number, elementBytesMin: number, field?: string): number {
    const length = this.uint32(field);
    if (length > limit) throw tooLong(length, limit, field);
    if (elementBytesMin === 0) {
      if (length > ZERO_WIDTH_ELEMENTS_LIMIT) throw tooLong(length, ZERO_WIDTH_ELEMENTS_LIMIT, field);
    } else if (length * elementBytesMin > this.remaining) {
      throw this.truncated(length * elementBytesMin, field);
    }
    return length;
  }

  /** Everything that is left, as a view, for a caller that passes bytes on without decoding them. */
  rest(): Uint8Array {
    const at = this.advance(this.remaining);
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, this.end - at);
  }

  /**
   * Enters a value that may contain itself; `leave` must follow.
   * @throws XdrError `XDR_TOO_DEEP`, before the stack of the process is at risk
   */
  enter(field?: string): void {
    this.depth += 1;
    if (this.depth > this.depthLimit) {
      throw new XdrError("XDR_TOO_DEEP", `nested deeper than ${this.depthLimit}`, field);
    }
  }

  leave(): void {
    this.depth -= 1;
  }

  private byteLength(limit: number, field: string | undefined): number {
    const length = this.uint32(field);
    if (length > limit) throw tooLong(length, limit, field);
    if (length > this.remaining) throw this.truncated(length, field);
    return length;
  }

  private advance(count: number, field?: string): number {
    const at = this.offset;
    if (count > this.end - at) throw this.truncated(count, field);
    this.offset = at + count;
    return at;
  }

  private toScratch(at: number, count: number): void {
    for (let i = 0; i < count; i++) scratch.setUint8(i, this.bytes[at + i]!);
  }

  private requireZeros(from: number, to: number, field: string | undefined): void {
    for (let at = from; at < to; at++) {
      if (this.bytes[at] !== 0) throw new XdrError("XDR_BAD_PADDING", "padding is not zero", field);
    }
  }

  private truncated(needed: number, field: string | undefined): XdrError {
    return new XdrError("XDR_TRUNCATED", `${needed} bytes needed, ${this.remaining} remain`, field);
  }
}

function tooLong(length: number, limit: number, field: string | undefined): XdrError {
  return new XdrError("XDR_TOO_LONG", `length ${length} exceeds ${limit}`, field);
}

function unsafe(field: string | undefined): XdrError {
  return new XdrError("XDR_OUT_OF_RANGE", "hyper is beyond 2^53 - 1", field);
}
