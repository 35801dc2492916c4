import {
  RpcAcceptedError,
  RpcCancelledError,
  RpcError,
  RpcProtocolError,
  RpcTimeoutError,
  RpcTransportError,
} from "../../oncrpc/errors.ts";
import { describeSystemError } from "../../oncrpc/system-error.ts";
import type { KvStatus } from "../gen/kv.ts";

/** Why one try of a call, at one server, came to nothing. */
export interface TryFailure {
  /** One line for people, without the name of the server. */
  readonly reason: string;
  /** The server may nevertheless have carried out the call, or may do so yet. */
  readonly mayBeApplied: boolean;
  /** It would be the same at the next try: this is no server of the KV program. */
  readonly isLasting: boolean;
  /** The time was over before the server could have answered: what an earlier try met with says more. */
  readonly isPremature: boolean;
  readonly status: KvStatus | undefined;
  readonly error: RpcError | undefined;
}

/** What it means that a call ended with `error`. Throws again what no server is to blame for. */
export function failureOfError(error: unknown): TryFailure {
  if (!(error instanceof RpcError)) throw error;
  return {
    reason: reasonOf(error),
    mayBeApplied: mayBeApplied(error),
    isLasting: isLasting(error),
    isPremature: error instanceof RpcTimeoutError && !error.sent,
    status: undefined,
    error,
  };
}

function mayBeApplied(error: RpcError): boolean {
  if (error instanceof RpcAcceptedError) return error.code === "SYSTEM_ERR";
  if (error instanceof RpcProtocolError) return true;
  return "sent" in error && error.sent === true;
}

function isLasting(error: RpcError): boolean {
  if (error instanceof RpcTransportError) return error.cause instanceof RpcProtocolError;
  if (error instanceof RpcTimeoutError || error instanceof RpcCancelledError) return false;
  return error.code !== "SYSTEM_ERR";
}

function reasonOf(error: RpcError): string {
  if (error instanceof RpcTimeoutError) return `no reply within ${Math.round(error.timeoutMs)} ms`;
  if (error instanceof RpcCancelledError)
    return "the server hangs: it accepts connections, and does not answer";
  if (error instanceof RpcTransportError && error.cause instanceof RpcProtocolError) {
    return `what answers there does not speak ONC RPC (${error.cause.message})`;
  }
  switch (error.code) {
    case "CONNECT_FAILED":
      return describeSystemError(error.cause);
    case "CONNECT_TIMEOUT":
      return "cannot connect: no answer";
    case "CONNECTION_LOST":
      return `connection lost: ${describeSystemError(error.cause)}`;
    case "SEND_BUFFER_FULL":
      return "the server does not read what was sent to it before";
    case "SYSTEM_ERR":
      return "internal error of the server; its log says more";
    case "PROG_UNAVAIL":
      return "the RPC server there does not serve the KV program";
    case "PROG_MISMATCH":
    case "PROC_UNAVAIL":
      return "the server there speaks another version of the KV program";
    default:
      return error.message;
  }
}
