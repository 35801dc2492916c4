/**
 * Items as they lie in the record store: a CRC-32, then the XDR form of a type of `idl/store.x`.
 */
import { crc32 } from "node:zlib";
import { type Codec, encodeXdr, XdrError, XdrReader } from "../../xdr/index.ts";

export const CHECKSUM_BYTES = 4;

/** The item that holds `value`. */
export function seal<T>(codec: Codec<T>, value: T): Uint8Array {
  const body = encodeXdr(codec, value);
  const item = Buffer.allocUnsafeSlow(CHECKSUM_BYTES + body.length);
  item.writeUInt32BE(crc32(body));
  item.set(body, CHECKSUM_BYTES);
  return item;
}

/** Why bytes are not a sealed item of the type. */
export class SealError extends Error {
  override readonly name: string = "SealError";
}

const reader = new XdrReader(new Uint8Array(0));

/**
 * Checks an item and takes it apart. Opaque data in the result are views of `item`.
 * @throws SealError
 */
export function unseal<T>(codec: Codec<T>, item: Uint8Array): T {
  const body = item.subarray(CHECKSUM_BYTES);
  if (item.length < CHECKSUM_BYTES || crc32(body) !== checksumOf(item)) {
    throw new SealError("it fails its checksum");
  }
  try {
    return decodeBody(codec, body);
  } catch (error) {
    if (error instanceof XdrError) throw new SealError(`it is not what it should be (${error.message})`);
    throw error;
  }
}

/**
 * Takes apart what follows the checksum of an item.
 * @throws XdrError
 */
export function decodeBody<T>(codec: Codec<T>, body: Uint8Array): T {
  reader.reset(body);
  const value = codec.decode(reader);
  reader.finish();
  return value;
}

/** The CRC-32 that an item of at least `CHECKSUM_BYTES` claims. */
export function checksumOf(item: Uint8Array): number {
  return ((item[0]! << 24) | (item[1]! << 16) | (item[2]! << 8) | item[3]!) >>> 0;
}
