import { KvStatus } from "../gen/kv.ts";

/**
 * Everything that a call of `KvClient` fails with once its arguments make sense.
 *
 * `code` is stable: programs may switch on it. `message` is for people and may change.
 */
export abstract class KvError extends Error {
  abstract readonly code: KvErrorCode;
  /** What the server answered; undefined when the failure is not the answer of a server. */
  readonly status: KvStatus | undefined;

  constructor(message: string, status: KvStatus | undefined, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
  }
}

export type KvErrorCode =
  | KvRefusedErrorCode
  | KvCancelledErrorCode
  /** A key or value is outside the limits of `idl/kv.x`; nothing was sent. */
  | "OUT_OF_LIMITS";

/** The condition of a write does not hold. Nothing was changed. */
export class KvConflictError extends KvError {
  override readonly name: string = "KvConflictError";
  override readonly code = "CONFLICT";
  /** The revision that last changed the key; 0: there is no such key. */
  readonly modRevision: number;

  constructor(modRevision: number) {
    const found = modRevision === 0 ? "there is no such key" : `the key has revision ${modRevision}`;
    super(`the condition of the write does not hold: ${found}`, KvStatus.KV_CONFLICT);
    this.modRevision = modRevision;
  }
}

/** A server, and why it did not carry out a call. */
export interface ServerFailure {
  /** `host:port` */
  readonly server: string;
  /** One line for people. */
  readonly reason: string;
}

/** No server could carry out the call in the time allowed. Nothing was changed; the call may be made again. */
export class KvUnavailableError extends KvError {
  override readonly name: string = "KvUnavailableError";
  override readonly code = "UNAVAILABLE";
  /** The last failure of each server that was tried. */
  readonly failures: readonly ServerFailure[];

  constructor(message: string, failures: readonly ServerFailure[], status?: KvStatus, cause?: unknown) {
    super(message, status, cause);
    this.failures = failures;
  }
}

/**
 * A write may or may not have been applied: it was sent, and no server could say in the time allowed what became
 * of it. Read the key to find out.
 */
export class KvUncertainError extends KvError {
  override readonly name: string = "KvUncertainError";
  override readonly code = "UNCERTAIN";
  /** The last failure of each server that was tried. */
  readonly failures: readonly ServerFailure[];

  constructor(message: string, failures: readonly ServerFailure[], status?: KvStatus, cause?: unknown) {
    super(message, status, cause);
    this.failures = failures;
  }
}

type StatusName = keyof typeof KvStatus;
type WithoutPrefix<Name> = Name extends `KV_${infer Rest}` ? Rest : never;

/** The name of the status without `KV_`, for example `TOO_LARGE`. */
export type KvRefusedErrorCode = WithoutPrefix<Exclude<StatusName, "KV_OK">>;

/** A server refused the call, and asking again would be of no use. Nothing was changed. */
export class KvRefusedError extends KvError {
  override readonly name: string = "KvRefusedError";
  override readonly code: KvRefusedErrorCode;

  /** @param reason  the server's own words */
  constructor(server: string, status: Exclude<KvStatus, typeof KvStatus.KV_OK>, reason: string) {
    super(`${server} refused: ${reason}`, status);
    const names = Object.keys(KvStatus) as StatusName[];
    this.code = names.find((name) => KvStatus[name] === status)!.slice("KV_".length) as KvRefusedErrorCode;
  }
}

export type KvCancelledErrorCode =
  /** The caller's `AbortSignal` was aborted; `cause` is its reason. */
  | "ABORTED"
  /** `close()` was called on the client. */
  | "CLOSED";

/** The caller itself took the call back. */
export class KvCancelledError extends KvError {
  override readonly name: string = "KvCancelledError";
  override readonly code: KvCancelledErrorCode;
  /** True: the call is a write, and it may or may not have been applied. */
  readonly uncertain: boolean;

  constructor(code: KvCancelledErrorCode, uncertain: boolean, cause?: unknown) {
    const why = code === "ABORTED" ? "taken back by the caller" : "the client is closed";
    super(uncertain ? `${why}; the write may or may not have been applied` : why, undefined, cause);
    this.code = code;
    this.uncertain = uncertain;
  }
}

/** A key or value is longer or shorter than `idl/kv.x` allows. Nothing was sent. */
export class KvLimitError extends KvError {
  override readonly name: string = "KvLimitError";
  override readonly code = "OUT_OF_LIMITS";

  constructor(message: string) {
    super(message, undefined);
  }
}
