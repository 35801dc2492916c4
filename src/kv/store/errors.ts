import { DAMAGE_ADVICE } from "../damage-advice.ts";

/**
 * The store on disk is not what this server wrote. Nothing of it may be served.
 */
export class StoreDamagedError extends Error {
  override readonly name: string = "StoreDamagedError";
  readonly code = "STORE_DAMAGED";
  readonly file: string;
  /** The record that is damaged or missing; null when it is something else. */
  readonly revision: number | null;
  readonly problem: string;

  constructor(file: string, revision: number | null, problem: string) {
    super(`${file}${revision === null ? "" : `, revision ${revision}`}: ${problem}: ${DAMAGE_ADVICE}`);
    this.file = file;
    this.revision = revision;
    this.problem = problem;
  }
}

/**
 * A checkpoint could not be written. What it was to hold is still in memory.
 *
 * `ENOSPC`: there is no room; it may be tried again later. `EIO`: anything else; the owner ends the process, since
 * nobody knows what the disk holds now.
 */
export class CheckpointError extends Error {
  override readonly name: string = "CheckpointError";
  readonly code: "ENOSPC" | "EIO";

  constructor(code: "ENOSPC" | "EIO", problem: string, cause?: unknown) {
    super(problem, { cause });
    this.code = code;
  }
}
