import type { XdrWriter } from "../xdr/index.ts";
import { AcceptStat, AuthFlavor, MsgType, ReplyStat } from "./gen/rpc.ts";

/*
 * The header of an accepted reply with SUCCESS and an empty verifier, in the hot path of both sides. Byte for
 * byte what `rpcMsgCodec` makes of it; a property test holds the two together. All other replies go through
 * `rpcMsgCodec` itself.
 */

/** Bytes of the header: xid, REPLY, MSG_ACCEPTED, verifier (flavor and length 0), SUCCESS. */
export const SUCCESS_HEADER_BYTES = 24;

/** Writes the header; the results follow it. */
export function encodeSuccessHeader(writer: XdrWriter, xid: number): void {
  writer.uint32(xid);
  writer.uint32(MsgType.REPLY);
  writer.uint32(ReplyStat.MSG_ACCEPTED);
  writer.uint32(AuthFlavor.AUTH_NONE);
  writer.uint32(0);
  writer.uint32(AcceptStat.SUCCESS);
}

/** Whether `message` begins with such a header; if not, it may still be a reply of another kind. */
export function hasSuccessHeader(message: Uint8Array): boolean {
  if (message.length < SUCCESS_HEADER_BYTES) return false;
  // After the xid the header is all zeros but for the last byte of mtype.
  if (message[7] !== MsgType.REPLY) return false;
  for (let at = 4; at < SUCCESS_HEADER_BYTES; at++) if (message[at] !== 0 && at !== 7) return false;
  return true;
}
