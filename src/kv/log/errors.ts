import { DAMAGE_ADVICE } from "../damage-advice.ts";

/**
 * The log on disk is not what this server wrote. Nothing was changed, and nothing of it may be served.
 *
 * A torn record at the very end, which a crash leaves, is no damage and does not come here.
 */
export class LogDamagedError extends Error {
  override readonly name: string = "LogDamagedError";
  readonly code = "LOG_DAMAGED";
  /** Path of the segment. */
  readonly file: string;
  /** Where in it the first bad byte range begins. */
  readonly offset: number;
  readonly problem: string;

  constructor(file: string, offset: number, problem: string) {
    super(`${file}, byte ${offset}: ${problem}; nothing was changed on disk: ${DAMAGE_ADVICE}`);
    this.file = file;
    this.offset = offset;
    this.problem = problem;
  }
}

/** The errno of a rejected disk operation; undefined for other errors. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}

/** True when an operation failed only because there is no room: nothing is broken, and it may work later. */
export function isOutOfSpace(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOSPC" || errno === "EDQUOT";
}
