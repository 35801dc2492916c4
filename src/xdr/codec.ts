import { XdrReader, type XdrReaderOptions } from "./reader.ts";
import { XdrWriter } from "./writer.ts";

/** How values of one XDR type become bytes and come back. */
export interface Codec<T> {
  /** @throws XdrError when `value` is not a value of the type; the writer then holds part of it */
  encode(writer: XdrWriter, value: T): void;
  /** @throws XdrError when the bytes are not a value of the type */
  decode(reader: XdrReader): T;
}

/**
 * What `encodeXdr` writes to, value behind value: a buffer for each would cost more than the encoding.
 * undefined while it is in use, by a codec that itself calls `encodeXdr`.
 */
let slab: XdrWriter | undefined;
const SLAB_BYTES = 64 * 1024;
/** A slab that is filled so far is left to the values in it. */
const SLAB_FULL_BYTES = 48 * 1024;

/**
 * The XDR form of `value`, as bytes that do not change any more.
 * They share a buffer of 64 KiB with others: who keeps a few of them for long copies them.
 */
export function encodeXdr<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = slab ?? new XdrWriter(SLAB_BYTES);
  slab = undefined;
  const start = writer.position;
  try {
    codec.encode(writer, value);
    const bytes = writer.viewFrom(start);
    if (writer.position < SLAB_FULL_BYTES) slab = writer;
    return bytes;
  } catch (error) {
    writer.truncate(start);
    slab = writer;
    throw error;
  }
}

/**
 * The value whose XDR form `bytes` is.
 * Opaque data in it are views of `bytes`.
 * @throws XdrError
 */
export function decodeXdr<T>(codec: Codec<T>, bytes: Uint8Array, options?: XdrReaderOptions): T {
  const reader = new XdrReader(bytes, options);
  const value = codec.decode(reader);
  reader.finish();
  return value;
}

/** The unbounded length of RFC 4506 §4.10, `<>`: 2^32 − 1. */
export const UNBOUNDED = 0xffff_ffff;

export const voidCodec: Codec<void> = {
  encode() {},
  decode() {},
};

export const int32Codec: Codec<number> = {
  encode: (writer, value) => writer.int32(value),
  decode: (reader) => reader.int32(),
};

export const uint32Codec: Codec<number> = {
  encode: (writer, value) => writer.uint32(value),
  decode: (reader) => reader.uint32(),
};

export const boolCodec: Codec<boolean> = {
  encode: (writer, value) => writer.bool(value),
  decode: (reader) => reader.bool(),
};

export const hyperCodec: Codec<bigint> = {
  encode: (writer, value) => writer.hyper(value),
  decode: (reader) => reader.hyper(),
};

export const uhyperCodec: Codec<bigint> = {
  encode: (writer, value) => writer.uhyper(value),
  decode: (reader) => reader.uhyper(),
};

export const hyperNumberCodec: Codec<number> = {
  encode: (writer, value) => writer.hyperNumber(value),
  decode: (reader) => reader.hyperNumber(),
};

export const uhyperNumberCodec: Codec<number> = {
  encode: (writer, value) => writer.uhyperNumber(value),
  decode: (reader) => reader.uhyperNumber(),
};

export const floatCodec: Codec<number> = {
  encode: (writer, value) => writer.float(value),
  decode: (reader) => reader.float(),
};

export const doubleCodec: Codec<number> = {
  encode: (writer, value) => writer.double(value),
  decode: (reader) => reader.double(),
};

export const quadrupleCodec: Codec<Uint8Array> = {
  encode: (writer, value) => writer.quadruple(value),
  decode: (reader) => reader.quadruple(),
};

/** string<limit>; `limit` in bytes. */
export function stringCodec(limit: number = UNBOUNDED): Codec<string> {
  return {
    encode: (writer, value) => writer.string(value, limit),
    decode: (reader) => reader.string(limit),
  };
}

/** opaque<limit>. */
export function varOpaqueCodec(limit: number = UNBOUNDED): Codec<Uint8Array> {
  return {
    encode: (writer, value) => writer.varOpaque(value, limit),
    decode: (reader) => reader.varOpaque(limit),
  };
}
