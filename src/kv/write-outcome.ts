import type { KvStatus } from "./gen/kv.ts";

/**
 * What a write came to, as every server computes it from the log and as a session remembers it.
 * One shape for all writes: the result on the wire is made from it by whoever answers.
 */
export interface WriteOutcome {
  readonly status: KvStatus;
  /** KV_OK: the revision that the write made. */
  readonly revision: number;
  /** KV_OK: mod_revision of the pair that was there; KV_CONFLICT: the one that stood against the condition. */
  readonly prevRevision: number;
  /** KV_OK of a put: changes of the key since it was created. */
  readonly keyVersion: number;
}

/** A write that changed nothing. */
export function refusedWrite(status: KvStatus, prevRevision: number = 0): WriteOutcome {
  return { status, revision: 0, prevRevision, keyVersion: 0 };
}
