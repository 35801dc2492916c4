import type { XdrWriter } from "../xdr/index.ts";
import { AUTH_BODY_MAX, AuthFlavor, MsgType, RPC_VERSION } from "./gen/rpc.ts";

/*
 * The header of a call, in the hot path of both sides. Byte for byte what `rpcMsgCodec` makes of an `rpc_msg`
 * whose body is a `call_body`; a property test holds the two together.
 */

/** The first words of a call (RFC 5531 §9), each four bytes. */
const XID = 0;
const MTYPE = 4;
const RPCVERS = 8;
const PROG = 12;
const VERS = 16;
const PROC = 20;
const CRED = 24;

/**
 * Writes the header of a call; the arguments follow it.
 * @param credential  an encoded `opaque_auth`
 */
export function encodeCallHeader(
  writer: XdrWriter,
  xid: number,
  procedure: { readonly prog: number; readonly vers: number; readonly proc: number },
  credential: Uint8Array,
): void {
  writer.uint32(xid);
  writer.uint32(MsgType.CALL);
  writer.uint32(RPC_VERSION);
  writer.uint32(procedure.prog);
  writer.uint32(procedure.vers);
  writer.uint32(procedure.proc);
  writer.encoded(credential);
  writer.uint32(AuthFlavor.AUTH_NONE);
  writer.uint32(0);
}

/** How far a call could be read. */
export const CallStatus = {
  /** All of the header. */
  OK: 0,
  /** No xid, not a CALL, or no procedure: there is nothing that could be answered. */
  NOT_A_CALL: 1,
  /** `rpcvers` is not 2; of the header only `xid` is known. */
  BAD_RPC_VERSION: 2,
  /** The credential is not an `opaque_auth`. */
  BAD_CREDENTIAL: 3,
  /** The verifier is not an `opaque_auth`. */
  BAD_VERIFIER: 4,
} as const;
export type CallStatus = (typeof CallStatus)[keyof typeof CallStatus];

/** The header of a call. Made to be filled again and again; positions count from the start of the message. */
export class CallHeader {
  xid = 0;
  prog = 0;
  vers = 0;
  proc = 0;
  credFlavor = 0;
  /** The body of the credential, without padding. */
  credStart = 0;
  credEnd = 0;
  /** Where the arguments begin. */
  argsStart = 0;

  /** Reads the header of the call that `message` is, in the order in which RFC 5531 wants it judged. */
  read(message: Uint8Array): CallStatus {
    if (message.length < PROG) return CallStatus.NOT_A_CALL;
    this.xid = word(message, XID) >>> 0;
    if (word(message, MTYPE) !== MsgType.CALL) return CallStatus.NOT_A_CALL;
    if (word(message, RPCVERS) !== RPC_VERSION) return CallStatus.BAD_RPC_VERSION;
    if (message.length < CRED) return CallStatus.NOT_A_CALL;
    this.prog = word(message, PROG) >>> 0;
    this.vers = word(message, VERS) >>> 0;
    this.proc = word(message, PROC) >>> 0;
    const verf = authEnd(message, CRED);
    if (verf < 0) return CallStatus.BAD_CREDENTIAL;
    this.credFlavor = word(message, CRED);
    this.credStart = CRED + 8;
    this.credEnd = this.credStart + word(message, CRED + 4);
    this.argsStart = authEnd(message, verf);
    return this.argsStart < 0 ? CallStatus.BAD_VERIFIER : CallStatus.OK;
  }
}

/** Where the `opaque_auth` at `start` ends; −1 when there is none: cut off, too long, or badly padded. */
function authEnd(message: Uint8Array, start: number): number {
  const bodyStart = start + 8;
  if (bodyStart > message.length) return -1;
  const length = word(message, start + 4);
  if (length < 0 || length > AUTH_BODY_MAX) return -1;
  const end = bodyStart + ((length + 3) & ~3);
  if (end > message.length) return -1;
  for (let at = bodyStart + length; at < end; at++) if (message[at] !== 0) return -1;
  return end;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
