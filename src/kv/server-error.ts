import { RpcTransportError } from "../oncrpc/errors.ts";
import { errnoOf, LogDamagedError } from "./log/errors.ts";
import { StoreDamagedError } from "./store/errors.ts";

/** Why a server does not start, or stops by itself. Each has an exit code of its own, see `docs/operations.md`. */
export type KvServerErrorCode =
  /** The flags contradict each other or the data directory. */
  | "USAGE"
  /** The port is in use, or the host is not one of this machine. */
  | "CANNOT_LISTEN"
  /** The servers do not agree on who the members are. */
  | "DISAGREEMENT"
  /** Another process uses the data directory. */
  | "IN_USE"
  /** Something in the data directory fails its checksum or makes no sense. */
  | "DAMAGED"
  /** The disk failed, is full or refuses access; what was written last may be lost, so the server may not go on. */
  | "DISK_FAILED"
  /** A fault in the program. */
  | "INTERNAL";

export class KvServerError extends Error {
  override readonly name: string = "KvServerError";
  readonly code: KvServerErrorCode;

  constructor(code: KvServerErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const DISK_ADVICE: Readonly<Record<string, string>> = {
  EACCES: "no permission; let the user of this process read and write there",
  EDQUOT: "the disk quota is used up; make room",
  EEXIST: "something else lies there than what this server keeps there",
  EISDIR: "a directory lies where a file should be",
  EIO: "the disk reports an error; replace it, and restore this server's data",
  ENOENT: "it is gone; was the data directory moved or removed while the server ran?",
  ENOSPC: "the disk is full; make room",
  EPERM: "no permission; let the user of this process read and write there",
  EROFS: "the file system is read-only",
};

/**
 * What went wrong, from any error that the parts of a server throw.
 * @param dataDir  for messages that concern it
 */
export function toServerError(error: unknown, dataDir: string): KvServerError {
  if (error instanceof KvServerError) return error;
  if (error instanceof LogDamagedError || error instanceof StoreDamagedError) {
    return new KvServerError("DAMAGED", error.message, error);
  }
  if (error instanceof RpcTransportError && error.code === "LISTEN_FAILED") {
    return new KvServerError("CANNOT_LISTEN", `${error.message}; choose another --port or --host`, error);
  }
  const errno = errnoOf(error);
  if (errno !== undefined && Object.hasOwn(DISK_ADVICE, errno)) {
    return new KvServerError(
      "DISK_FAILED",
      `${placeOf(error) ?? dataDir}: ${DISK_ADVICE[errno]} (${errno})`,
      error,
    );
  }
  if (errno !== undefined && error instanceof Error && placeOf(error) !== undefined) {
    return new KvServerError("DISK_FAILED", `${dataDir}: ${error.message}`, error);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new KvServerError("INTERNAL", text, error);
}

/** The system's errors about files name them; those about connections name an address. */
function placeOf(error: unknown): string | undefined {
  const path: unknown = error instanceof Error ? (error as { path?: unknown }).path : undefined;
  return typeof path === "string" ? path : undefined;
}
