import { KV_PROGRAM, KV_V1 } from "../../src/kv/gen/kv.ts";
import { concat, words } from "./bytes.ts";

/** The xid of every {@link call}. */
export const XID = 0x1234;

/** A call of the KV program as bytes, without the record around it (RFC 5531 §9). */
export function call(proc: number, ...args: readonly Uint8Array[]): Uint8Array {
  return concat(words(XID, 0, 2, KV_PROGRAM, KV_V1, proc, 0, 0, 0, 0), ...args);
}
