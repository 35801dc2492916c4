/** What the errno codes that a network program meets mean, its output included, in words for people. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "no such address on this machine",
  EAI_AGAIN: "the name could not be looked up now",
  EAI_FAIL: "the name could not be looked up",
  ECONNABORTED: "connection aborted",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by peer",
  EHOSTUNREACH: "host unreachable",
  EMFILE: "too many open files",
  ENETDOWN: "network down",
  ENETUNREACH: "network unreachable",
  ENFILE: "too many open files in the system",
  ENOSPC: "no space left on device",
  ENOTFOUND: "no such host",
  EPIPE: "connection closed by peer",
  ETIMEDOUT: "timed out",
};

/** The errno code of an error from Node, e.g. `ECONNREFUSED`; undefined when it carries none. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code === "string") return code;
  // Trying several addresses of one name fails with an AggregateError, whose parts carry the codes.
  return error instanceof AggregateError ? errnoOf(error.errors[0]) : undefined;
}

/** One line about an error from Node: its meaning and its code, e.g. `connection refused (ECONNREFUSED)`. */
export function describeSystemError(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined && Object.hasOwn(MEANINGS, errno)) return `${MEANINGS[errno]} (${errno})`;
  return error instanceof Error && error.message !== "" ? error.message : String(errno ?? error);
}
