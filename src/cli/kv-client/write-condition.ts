import { KvConflictError } from "../../kv/client/errors.ts";
import type { KvWriteOptions } from "../../kv/client/kv-client.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import { quoteData } from "./data-text.ts";

/** Carries out a write on a condition, or on none; where its condition does not hold, says which and why. */
export async function withCondition<Result>(
  key: Uint8Array,
  isHex: boolean,
  ifRevision: number | undefined,
  write: (condition: KvWriteOptions) => Promise<Result>,
): Promise<Result> {
  try {
    return await write(ifRevision === undefined ? {} : { ifRevision });
  } catch (error) {
    if (!(error instanceof KvConflictError)) throw error;
    throw new CommandFailure(ExitCode.NO, conflictText(quoteData(key, isHex), error.modRevision, ifRevision));
  }
}

function conflictText(key: string, modRevision: number, ifRevision: number | undefined): string {
  if (modRevision === 0) return `nothing written: there is no key ${key}`;
  if (ifRevision === 0) return `nothing written: the key ${key} exists, at revision ${modRevision}`;
  return `nothing written: the key ${key} has revision ${modRevision}, not ${ifRevision}`;
}
