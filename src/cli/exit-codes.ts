/** What the exit code of a command says. Scripts rely on it: a number never changes its meaning. */
export const ExitCode = {
  /** It was done. */
  DONE: 0,
  /** The answer is no: there is no such key, or the condition of a write does not hold. */
  NO: 1,
  /** The command line makes no sense. */
  USAGE: 2,
  /** No server, no majority, or no answer in time; a write may or may not have been applied, and the text says so. */
  UNAVAILABLE: 3,
  /** The servers will not do it, however often they are asked: too large, invalid. */
  REFUSED: 4,
  /** A fault in the program itself (sysexits.h: EX_SOFTWARE). */
  INTERNAL: 70,
  /** Standard output could not be written; what was asked for may have been done (sysexits.h: EX_IOERR). */
  OUTPUT_FAILED: 74,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Ends a command: one line for people, and the exit code for scripts. */
export class CommandFailure extends Error {
  override readonly name: string = "CommandFailure";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
