import { KV_KEY_MAX, KV_VALUE_MAX } from "../gen/kv.ts";
import { KvLimitError } from "./errors.ts";

/** The bytes of a key or of a value: as they are, or text, which is sent as UTF-8. */
export type KvBytes = string | Uint8Array;

/** @throws KvLimitError */
export function keyBytes(key: KvBytes): Uint8Array {
  const bytes = boundBytes(key);
  if (bytes.length === 0) throw new KvLimitError("the key is empty; a key has at least 1 byte");
  return bytes;
}

/**
 * A key as the bound of a range, where an empty one means that there is no bound.
 * @throws KvLimitError
 */
export function boundBytes(key: KvBytes): Uint8Array {
  const bytes = toBytes(key);
  if (bytes.length <= KV_KEY_MAX) return bytes;
  throw new KvLimitError(`the key has ${bytes.length} bytes; a key has at most ${KV_KEY_MAX}`);
}

/** @throws KvLimitError */
export function valueBytes(value: KvBytes): Uint8Array {
  const bytes = toBytes(value);
  if (bytes.length <= KV_VALUE_MAX) return bytes;
  throw new KvLimitError(`the value has ${bytes.length} bytes; a value has at most ${KV_VALUE_MAX}`);
}

/** The first key behind all that begin with `prefix`; empty: there is none. */
export function endOfPrefix(prefix: Uint8Array): Uint8Array {
  let length = prefix.length;
  while (length > 0 && prefix[length - 1] === 0xff) length -= 1;
  // A copy: `slice` of a Buffer would be a view.
  const end = Uint8Array.from(prefix.subarray(0, length));
  if (length > 0) end[length - 1]! += 1;
  return end;
}

/** The first key that can come after `key`; empty: there is none. */
export function keyAfter(key: Uint8Array): Uint8Array {
  // A key of full length has no room for a zero byte behind it, and so no longer ones that begin with it.
  return key.length < KV_KEY_MAX ? Buffer.concat([key, Buffer.alloc(1)]) : endOfPrefix(key);
}

function toBytes(data: KvBytes): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : data;
}
