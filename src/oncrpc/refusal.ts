import type { XdrWriter } from "../xdr/index.ts";
import { AUTH_NONE } from "./credential.ts";
import { type AcceptedReplyData, MsgType, type RejectedReply, ReplyStat, rpcMsgCodec } from "./gen/rpc.ts";

/** Writes the reply to a call that was accepted and did not succeed (RFC 5531 §9, accepted_reply). */
export function encodeFailure(writer: XdrWriter, xid: number, replyData: AcceptedReplyData): void {
  rpcMsgCodec.encode(writer, {
    xid,
    body: {
      mtype: MsgType.REPLY,
      rbody: { stat: ReplyStat.MSG_ACCEPTED, areply: { verf: AUTH_NONE, replyData } },
    },
  });
}

/** Writes the reply to a call that was denied (RFC 5531 §9, rejected_reply). */
export function encodeDenial(writer: XdrWriter, xid: number, rreply: RejectedReply): void {
  rpcMsgCodec.encode(writer, {
    xid,
    body: { mtype: MsgType.REPLY, rbody: { stat: ReplyStat.MSG_DENIED, rreply } },
  });
}
