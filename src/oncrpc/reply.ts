import { XdrError, type XdrReader } from "../xdr/index.ts";
import { RpcAcceptedError, RpcDeniedError, type RpcError, RpcProtocolError } from "./errors.ts";
import {
  type AcceptedReplyData,
  AcceptStat,
  AuthStat,
  MsgType,
  type RejectedReply,
  RejectStat,
  ReplyStat,
  rpcMsgCodec,
} from "./gen/rpc.ts";
import type { Procedure } from "./procedure.ts";
import { hasSuccessHeader, SUCCESS_HEADER_BYTES } from "./reply-header.ts";

const REPLY_BYTES_MIN = 8;

/**
 * The xid of the call that `record` replies to.
 * @throws RpcProtocolError `BAD_MESSAGE` when the record is not a reply at all
 */
export function replyXid(record: Uint8Array): number {
  const isReply =
    record.length >= REPLY_BYTES_MIN &&
    record[7] === MsgType.REPLY &&
    (record[4]! | record[5]! | record[6]!) === 0;
  if (!isReply) throw new RpcProtocolError("BAD_MESSAGE", "the server sent something that is not a reply");
  return ((record[0]! << 24) | (record[1]! << 16) | (record[2]! << 8) | record[3]!) >>> 0;
}

/**
 * The result in the reply to a call of `procedure`: reply_stat is looked at first, then accept_stat, and only
 * then are results decoded.
 *
 * @throws RpcDeniedError, RpcAcceptedError, or RpcProtocolError `BAD_REPLY`
 */
export function decodeReply<Result>(
  reader: XdrReader,
  record: Uint8Array,
  procedure: Pick<Procedure<never, Result>, "name" | "result">,
): Result {
  let failure: RpcError | undefined;
  try {
    if (hasSuccessHeader(record)) {
      reader.reset(record, SUCCESS_HEADER_BYTES);
    } else {
      reader.reset(record);
      failure = decodeHeader(reader, procedure.name);
    }
    if (failure === undefined) {
      const result = procedure.result.decode(reader);
      reader.finish();
      return result;
    }
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    const message = `${procedure.name}: the reply does not decode: ${error.message}`;
    throw new RpcProtocolError("BAD_REPLY", message, error);
  }
  throw failure;
}

/** Reads a header of any kind. Returns what it says went wrong; undefined: nothing, the results follow. */
function decodeHeader(reader: XdrReader, name: string): RpcError | undefined {
  const { body } = rpcMsgCodec.decode(reader);
  if (body.mtype !== MsgType.REPLY) throw new RangeError("a call, where replyXid has seen a reply");
  const failure =
    body.rbody.stat === ReplyStat.MSG_DENIED
      ? deniedError(body.rbody.rreply, name)
      : acceptedError(body.rbody.areply.replyData, name);
  if (failure !== undefined) reader.finish();
  return failure;
}

function deniedError(reply: RejectedReply, name: string): RpcDeniedError {
  if (reply.stat === RejectStat.RPC_MISMATCH) {
    const { low, high } = reply.mismatch;
    return new RpcDeniedError(`${name}: denied: the server speaks RPC versions ${low} to ${high}`, {
      mismatchInfo: reply.mismatch,
    });
  }
  const authStat = reply.authError;
  return new RpcDeniedError(`${name}: denied: ${nameOf(AuthStat, authStat)}`, { authStat });
}

function acceptedError(reply: AcceptedReplyData, name: string): RpcAcceptedError | undefined {
  switch (reply.stat) {
    case AcceptStat.SUCCESS:
      return undefined;
    case AcceptStat.PROG_MISMATCH: {
      const { low, high } = reply.mismatch;
      const message = `${name}: PROG_MISMATCH: the server has versions ${low} to ${high} of the program`;
      return new RpcAcceptedError(message, reply.stat, reply.mismatch);
    }
    default:
      return new RpcAcceptedError(
        `${name}: ${nameOf(AcceptStat, reply.stat)}: ${MEANINGS[reply.stat]}`,
        reply.stat,
      );
  }
}

const MEANINGS = {
  [AcceptStat.PROG_UNAVAIL]: "the server does not have the program",
  [AcceptStat.PROC_UNAVAIL]: "the program does not have the procedure",
  [AcceptStat.GARBAGE_ARGS]: "the server could not decode the arguments",
  [AcceptStat.SYSTEM_ERR]: "the server failed to carry it out",
} as const;

function nameOf(enumeration: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(enumeration).find((name) => enumeration[name] === value) ?? String(value);
}
