import {
  enumType,
  field,
  int32,
  struct,
  uint32,
  union,
  unionCase,
  varOpaque,
  voidType,
  type XdrType,
} from "@stellar/js-xdr";
import {
  AcceptStat,
  AUTH_BODY_MAX,
  AuthStat,
  MsgType,
  RejectStat,
  ReplyStat,
} from "../../../src/oncrpc/gen/rpc.ts";

interface JsXdrAuth {
  readonly flavor: number;
  readonly body: Uint8Array;
}

/** A call: the arm of rpc_msg that the benchmark uses. */
export interface JsXdrCall {
  readonly xid: number;
  readonly body: {
    readonly mtype: typeof MsgType.CALL;
    readonly cbody: {
      readonly rpcvers: number;
      readonly prog: number;
      readonly vers: number;
      readonly proc: number;
      readonly cred: JsXdrAuth;
      readonly verf: JsXdrAuth;
    };
  };
}

const opaqueAuth = struct("opaque_auth", { flavor: int32(), body: varOpaque(AUTH_BODY_MAX) });
const mismatchInfo = struct("mismatch_info", { low: uint32(), high: uint32() });

const callBody = struct("call_body", {
  rpcvers: uint32(),
  prog: uint32(),
  vers: uint32(),
  proc: uint32(),
  cred: opaqueAuth,
  verf: opaqueAuth,
});

const acceptedReplyData = union("accepted_reply_data", {
  switchOn: enumType("accept_stat", AcceptStat),
  switchKey: "stat",
  cases: [
    unionCase("SUCCESS", AcceptStat.SUCCESS, voidType()),
    unionCase("PROG_MISMATCH", AcceptStat.PROG_MISMATCH, field("mismatch", mismatchInfo)),
  ],
  defaultArm: voidType(),
});

const acceptedReply = struct("accepted_reply", { verf: opaqueAuth, replyData: acceptedReplyData });

const rejectedReply = union("rejected_reply", {
  switchOn: enumType("reject_stat", RejectStat),
  switchKey: "stat",
  cases: [
    unionCase("RPC_MISMATCH", RejectStat.RPC_MISMATCH, field("mismatch", mismatchInfo)),
    unionCase("AUTH_ERROR", RejectStat.AUTH_ERROR, field("authError", enumType("auth_stat", AuthStat))),
  ],
});

const replyBody = union("reply_body", {
  switchOn: enumType("reply_stat", ReplyStat),
  switchKey: "stat",
  cases: [
    unionCase("MSG_ACCEPTED", ReplyStat.MSG_ACCEPTED, field("areply", acceptedReply)),
    unionCase("MSG_DENIED", ReplyStat.MSG_DENIED, field("rreply", rejectedReply)),
  ],
});

const rpcMsgBody = union("rpc_msg_body", {
  switchOn: enumType("msg_type", MsgType),
  switchKey: "mtype",
  cases: [
    unionCase("CALL", MsgType.CALL, field("cbody", callBody)),
    unionCase("REPLY", MsgType.REPLY, field("rbody", replyBody)),
  ],
});

/** rpc_msg of idl/rpc.x, declared by hand as js-xdr wants it. */
export const rpcMsgSchema: XdrType<JsXdrCall> = struct("rpc_msg", {
  xid: uint32(),
  body: rpcMsgBody,
}) as unknown as XdrType<JsXdrCall>;
