import { XdrError, XdrReader, type XdrReaderOptions } from "../xdr/index.ts";
import { CallHeader, CallStatus } from "./call-header.ts";
import { type CallOrigin, ServedCall } from "./call-origin.ts";
import type { DispatchRow, DispatchTable } from "./dispatch-table.ts";
import {
  type AcceptedReplyData,
  AcceptStat,
  AuthStat,
  type RejectedReply,
  RejectStat,
  RPC_VERSION,
} from "./gen/rpc.ts";
import { logFor } from "./log.ts";
import type { Procedure } from "./procedure.ts";
import { encodeDenial, encodeFailure } from "./refusal.ts";
import { encodeSuccessHeader } from "./reply-header.ts";

const log = logFor("oncrpc:server");

/** A call whose handler failed, for the log. */
export interface FailedCall {
  readonly procedure: string;
  readonly peer: string;
  readonly xid: number;
}

export interface DispatcherOptions {
  /** How strictly arguments are read. */
  readonly xdr?: XdrReaderOptions;
  /** Told of what a handler threw, or of a result that has no XDR form; the caller only sees SYSTEM_ERR. */
  readonly onHandlerError?: (error: unknown, call: FailedCall) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: see DispatchRow
type AnyProcedure = Procedure<any, any>;

const SYSTEM_ERR: AcceptedReplyData = { stat: AcceptStat.SYSTEM_ERR };
const GARBAGE_ARGS: AcceptedReplyData = { stat: AcceptStat.GARBAGE_ARGS };
const PROC_UNAVAIL: AcceptedReplyData = { stat: AcceptStat.PROC_UNAVAIL };
const PROG_UNAVAIL: AcceptedReplyData = { stat: AcceptStat.PROG_UNAVAIL };

/**
 * Answers calls, one message at a time: judges the header in the order of RFC 5531 §9, decodes the arguments,
 * runs the handler, and writes the reply to where the call came from.
 */
export class Dispatcher {
  private readonly table: DispatchTable;
  private readonly options: DispatcherOptions;
  private readonly header = new CallHeader();
  private readonly reader: XdrReader;

  constructor(table: DispatchTable, options: DispatcherOptions = {}) {
    this.table = table;
    this.options = options;
    this.reader = new XdrReader(new Uint8Array(0), options.xdr);
  }

  /**
   * Answers the call that `message` is: at once, or when the promise of the handler is settled.
   * @returns false: it is not a call, and there is nothing to answer
   */
  dispatch(message: Uint8Array, origin: CallOrigin): boolean {
    const { header } = this;
    const status = header.read(message);
    if (status !== CallStatus.OK) return this.deny(status, origin);
    const { xid } = header;
    const credential = origin.credentials.read(header.credFlavor, message, header.credStart, header.credEnd);
    if (typeof credential === "number") {
      this.denyAuth(credential, origin);
      return true;
    }
    const version = this.table.version(header.prog, header.vers);
    if (version === undefined) {
      this.fail(origin, xid, this.versionFailure(header.prog));
      return true;
    }
    const row = version.rows.get(header.proc);
    if (row === undefined) this.fail(origin, xid, PROC_UNAVAIL);
    else this.run(row, new ServedCall(origin, xid, credential, message, header.argsStart));
    return true;
  }

  private run(row: DispatchRow, call: ServedCall): void {
    const { reader } = this;
    const { procedure } = row;
    let args: unknown;
    try {
      reader.reset(call.message, call.argsStart);
      args = procedure.args.decode(reader);
      reader.finish();
    } catch (error) {
      this.garbage(procedure, call, error);
      return;
    }
    let result: unknown;
    try {
      result = row.handler(args, call);
    } catch (error) {
      this.handlerFailed(procedure, call, error);
      return;
    }
    if (isPromise(result)) void this.replyLater(procedure, call, result);
    else this.reply(procedure, call, result);
  }

  private async replyLater(
    procedure: AnyProcedure,
    call: ServedCall,
    promise: PromiseLike<unknown>,
  ): Promise<void> {
    const { origin } = call;
    origin.callBegan();
    try {
      const result = await promise;
      // Many calls may become ready in the same moment; replies are made as the caller takes them.
      if (!origin.hasRoom) await origin.room();
      if (origin.isOpen) this.reply(procedure, call, result);
    } catch (error) {
      if (origin.isOpen) this.handlerFailed(procedure, call, error);
    }
    origin.callEnded();
  }

  private reply(procedure: AnyProcedure, call: ServedCall, result: unknown): void {
    const { origin } = call;
    const { writer } = origin;
    const start = origin.beginReply();
    try {
      encodeSuccessHeader(writer, call.xid);
      procedure.result.encode(writer, result);
    } catch (error) {
      writer.truncate(start);
      this.handlerFailed(procedure, call, error);
      return;
    }
    origin.endReply(start);
  }

  /** The arguments did not decode: the caller's fault, unless it is the codec's. */
  private garbage(procedure: AnyProcedure, call: ServedCall, error: unknown): void {
    if (!(error instanceof XdrError)) {
      this.handlerFailed(procedure, call, error);
      return;
    }
    log("%s from %s: garbage arguments: %s", procedure.name, call.peer, error.message);
    this.fail(call.origin, call.xid, GARBAGE_ARGS);
  }

  private handlerFailed(procedure: AnyProcedure, call: ServedCall, error: unknown): void {
    log("%s from %s failed: %O", procedure.name, call.peer, error);
    this.fail(call.origin, call.xid, SYSTEM_ERR);
    this.options.onHandlerError?.(error, { procedure: procedure.name, peer: call.peer, xid: call.xid });
  }

  private versionFailure(prog: number): AcceptedReplyData {
    const mismatch = this.table.versionRange(prog);
    return mismatch === undefined ? PROG_UNAVAIL : { stat: AcceptStat.PROG_MISMATCH, mismatch };
  }

  private fail(origin: CallOrigin, xid: number, failure: AcceptedReplyData): void {
    const start = origin.beginReply();
    encodeFailure(origin.writer, xid, failure);
    origin.endReply(start);
  }

  private deny(status: CallStatus, origin: CallOrigin): boolean {
    switch (status) {
      case CallStatus.BAD_RPC_VERSION:
        this.denyWith(origin, {
          stat: RejectStat.RPC_MISMATCH,
          mismatch: { low: RPC_VERSION, high: RPC_VERSION },
        });
        return true;
      case CallStatus.BAD_CREDENTIAL:
        this.denyAuth(AuthStat.AUTH_BADCRED, origin);
        return true;
      case CallStatus.BAD_VERIFIER:
        this.denyAuth(AuthStat.AUTH_BADVERF, origin);
        return true;
      default:
        return false;
    }
  }

  private denyAuth(authError: AuthStat, origin: CallOrigin): void {
    this.denyWith(origin, { stat: RejectStat.AUTH_ERROR, authError });
  }

  private denyWith(origin: CallOrigin, denial: RejectedReply): void {
    const start = origin.beginReply();
    encodeDenial(origin.writer, this.header.xid, denial);
    origin.endReply(start);
  }
}

function isPromise(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === "object" && result !== null && typeof (result as { then?: unknown }).then === "function"
  );
}
