import {
  KvCancelledError,
  KvError,
  KvLimitError,
  KvRefusedError,
  KvUnavailableError,
  KvUncertainError,
} from "../../kv/client/errors.ts";
import { KvStatus } from "../../kv/gen/kv.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";

export interface FailureReport {
  readonly exitCode: ExitCode;
  /** One line for people: what is wrong, and what to do. */
  readonly text: string;
}

/** What to tell the user of the error that ended a command. */
export function failureReport(error: unknown): FailureReport {
  if (error instanceof CommandFailure) return { exitCode: error.exitCode, text: error.message };
  if (error instanceof KvLimitError) return { exitCode: ExitCode.REFUSED, text: error.message };
  if (error instanceof KvRefusedError) return { exitCode: ExitCode.REFUSED, text: error.message };
  if (error instanceof KvUncertainError) {
    return { exitCode: ExitCode.UNAVAILABLE, text: `${error.message}; read the key to see` };
  }
  if (error instanceof KvUnavailableError) {
    return { exitCode: ExitCode.UNAVAILABLE, text: `${error.message}; ${adviceFor(error)}` };
  }
  if (error instanceof KvError || error instanceof KvCancelledError) {
    return { exitCode: ExitCode.UNAVAILABLE, text: error.message };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: ExitCode.INTERNAL, text: `this is a fault in the program itself: ${detail}` };
}

function adviceFor({ status }: KvUnavailableError): string {
  if (status === KvStatus.KV_BUSY) return "try again a little later";
  if (status === KvStatus.KV_UNAVAILABLE) return "kv_client status shows which servers are up";
  return "check that the servers run, or name others with --server";
}
