import { AcceptStat, type AuthStat, RejectStat } from "./gen/rpc.ts";

/**
 * Everything that a call can fail with, besides `XdrError` for arguments that have no XDR form.
 *
 * `code` is stable: programs may switch on it. `message` is for people and may change.
 */
export abstract class RpcError extends Error {
  abstract readonly code: RpcErrorCode;

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

export type RpcErrorCode =
  | RpcTransportErrorCode
  | "CALL_TIMEOUT"
  | RpcCancelledErrorCode
  | RpcProtocolErrorCode
  | RpcDeniedErrorCode
  | RpcAcceptedErrorCode
  | "BAD_ADDRESS";

export type RpcTransportErrorCode =
  /** No connection came about: the server does not run, or cannot be reached. */
  | "CONNECT_FAILED"
  /** No connection came about in the time allowed. */
  | "CONNECT_TIMEOUT"
  /** The connection ended before the reply came. */
  | "CONNECTION_LOST"
  /** The server does not take the calls that were made before; those fill the memory set aside for them. */
  | "SEND_BUFFER_FULL"
  /** A server could not listen on its address. */
  | "LISTEN_FAILED";

/** No connection, or it broke. `cause` is the error of the system, if there was one. */
export class RpcTransportError extends RpcError {
  override readonly name: string = "RpcTransportError";
  override readonly code: RpcTransportErrorCode;
  /** False: the server has certainly not seen the call. True: it may or may not have been carried out. */
  readonly sent: boolean;

  constructor(code: RpcTransportErrorCode, message: string, sent: boolean, cause?: unknown) {
    super(message, cause);
    this.code = code;
    this.sent = sent;
  }
}

/** No reply came within `timeoutMs`. */
export class RpcTimeoutError extends RpcError {
  override readonly name: string = "RpcTimeoutError";
  override readonly code = "CALL_TIMEOUT";
  readonly timeoutMs: number;
  /** False: the server has certainly not seen the call. True: it may or may not have been carried out. */
  readonly sent: boolean;

  constructor(message: string, timeoutMs: number, sent: boolean) {
    super(message);
    this.timeoutMs = timeoutMs;
    this.sent = sent;
  }
}

export type RpcCancelledErrorCode =
  /** The caller's `AbortSignal` was aborted; `cause` is its reason. */
  | "CALL_ABORTED"
  /** `close()` was called on the client. */
  | "CLIENT_CLOSED";

/** The caller itself took the call back. */
export class RpcCancelledError extends RpcError {
  override readonly name: string = "RpcCancelledError";
  override readonly code: RpcCancelledErrorCode;
  /** False: the server has certainly not seen the call. True: it may or may not have been carried out. */
  readonly sent: boolean;

  constructor(code: RpcCancelledErrorCode, message: string, sent: boolean, cause?: unknown) {
    super(message, cause);
    this.code = code;
    this.sent = sent;
  }
}

export type RpcProtocolErrorCode =
  /** A record is larger than the limit of the side that reads or writes it. */
  | "RECORD_TOO_LARGE"
  /** A record comes in more fragments than the limit. */
  | "TOO_MANY_FRAGMENTS"
  /** A fragment without bytes that is not the last of its record. */
  | "EMPTY_FRAGMENT"
  /** Unfinished records take up all the memory that there is for them. */
  | "NO_BUFFER_SPACE"
  /** A record is not an RPC message of the expected kind. */
  | "BAD_MESSAGE"
  /** A reply whose header or results do not decode; `cause` is the `XdrError`. */
  | "BAD_REPLY";

/** The other side does not keep to RFC 5531, or to the `.x` file. */
export class RpcProtocolError extends RpcError {
  override readonly name: string = "RpcProtocolError";
  override readonly code: RpcProtocolErrorCode;

  constructor(code: RpcProtocolErrorCode, message: string, cause?: unknown) {
    super(message, cause);
    this.code = code;
  }
}

/** The versions that a server supports: of a program, or of the RPC protocol itself. */
export interface VersionRange {
  readonly low: number;
  readonly high: number;
}

export type RpcDeniedErrorCode = "RPC_MISMATCH" | "AUTH_ERROR";

/** The server refused the call before looking at what is called (MSG_DENIED, RFC 5531 §9). */
export class RpcDeniedError extends RpcError {
  override readonly name: string = "RpcDeniedError";
  override readonly code: RpcDeniedErrorCode;
  readonly rejectStat: RejectStat;
  /** Why the credential was refused; only with `AUTH_ERROR`. */
  readonly authStat: AuthStat | undefined;
  /** The RPC versions that the server speaks; only with `RPC_MISMATCH`. */
  readonly mismatchInfo: VersionRange | undefined;

  constructor(message: string, refusal: { authStat: AuthStat } | { mismatchInfo: VersionRange }) {
    super(message);
    const isAuth = "authStat" in refusal;
    this.code = isAuth ? "AUTH_ERROR" : "RPC_MISMATCH";
    this.rejectStat = isAuth ? RejectStat.AUTH_ERROR : RejectStat.RPC_MISMATCH;
    this.authStat = isAuth ? refusal.authStat : undefined;
    this.mismatchInfo = isAuth ? undefined : refusal.mismatchInfo;
  }
}

/** An `accept_stat` that is not SUCCESS. */
export type FailedAcceptStat = Exclude<AcceptStat, typeof AcceptStat.SUCCESS>;

/** The name of its `accept_stat`. */
export type RpcAcceptedErrorCode = Exclude<keyof typeof AcceptStat, "SUCCESS">;

const ACCEPT_CODES: Readonly<Record<FailedAcceptStat, RpcAcceptedErrorCode>> = {
  [AcceptStat.PROG_UNAVAIL]: "PROG_UNAVAIL",
  [AcceptStat.PROG_MISMATCH]: "PROG_MISMATCH",
  [AcceptStat.PROC_UNAVAIL]: "PROC_UNAVAIL",
  [AcceptStat.GARBAGE_ARGS]: "GARBAGE_ARGS",
  [AcceptStat.SYSTEM_ERR]: "SYSTEM_ERR",
};

/** The server took the call, and did not succeed (MSG_ACCEPTED, RFC 5531 §9). */
export class RpcAcceptedError extends RpcError {
  override readonly name: string = "RpcAcceptedError";
  override readonly code: RpcAcceptedErrorCode;
  readonly acceptStat: FailedAcceptStat;
  /** The versions of the program that the server has; only with `PROG_MISMATCH`. */
  readonly mismatchInfo: VersionRange | undefined;

  constructor(message: string, acceptStat: FailedAcceptStat, mismatchInfo?: VersionRange) {
    super(message);
    this.code = ACCEPT_CODES[acceptStat];
    this.acceptStat = acceptStat;
    this.mismatchInfo = mismatchInfo;
  }
}

/** A text is not the address of a server. */
export class RpcAddressError extends RpcError {
  override readonly name: string = "RpcAddressError";
  override readonly code = "BAD_ADDRESS";
}
