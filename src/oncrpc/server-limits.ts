import { DEFAULT_FRAGMENTS_LIMIT, DEFAULT_RECORD_LIMIT_BYTES } from "./record-reader.ts";

/** What a server lets strangers use up. All times are watched by one coarse timer, so they may run over by a quarter. */
export interface ServerLimits {
  /** Bytes in one record; a connection that sends a larger one is closed. Default: 4 MiB. */
  readonly recordLimitBytes: number;
  /** Fragments in one record; a connection that sends more is closed. Default: 1024. */
  readonly fragmentsLimit: number;
  /**
   * Bytes of unfinished records, of all connections together; a connection that would need more is closed.
   * Default: 256 MiB.
   */
  readonly unfinishedLimitBytes: number;
  /**
   * Connections at a time. At the limit a new one takes the place of the one that has been idle longest;
   * when none is idle, the new one is refused. Default: 4096.
   */
  readonly connectionsLimit: number;
  /** Calls of one connection that have begun and are not answered; then no more is read from it. Default: 1024. */
  readonly callsInFlightLimit: number;
  /** Bytes of replies that one connection has not taken; then no more is read from it. Default: 1 MiB. */
  readonly unsentLimitBytes: number;
  /** A connection on which nothing happens for so long is closed. Default: 10 minutes. */
  readonly idleTimeoutMs: number;
  /** A record must be complete so long after its first byte, or the connection is closed. Default: 60 s. */
  readonly recordTimeoutMs: number;
  /** A client that takes nothing of what is sent to it for so long is disconnected. Default: 60 s. */
  readonly writeTimeoutMs: number;
  /** How long `close` waits for calls in flight, and for clients to take their replies. Default: 5 s. */
  readonly closeTimeoutMs: number;
}

const SECOND_MS = 1000;

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  recordLimitBytes: DEFAULT_RECORD_LIMIT_BYTES,
  fragmentsLimit: DEFAULT_FRAGMENTS_LIMIT,
  unfinishedLimitBytes: 256 * 1024 * 1024,
  connectionsLimit: 4096,
  callsInFlightLimit: 1024,
  unsentLimitBytes: 1024 * 1024,
  idleTimeoutMs: 600 * SECOND_MS,
  recordTimeoutMs: 60 * SECOND_MS,
  writeTimeoutMs: 60 * SECOND_MS,
  closeTimeoutMs: 5 * SECOND_MS,
};

const SWEEP_MIN_MS = 5;

/** How often connections must be looked at to keep the times of `limits`. */
export function sweepIntervalMs(limits: ServerLimits): number {
  const shortestMs = Math.min(limits.idleTimeoutMs, limits.recordTimeoutMs, limits.writeTimeoutMs);
  return Math.min(Math.max(Math.floor(shortestMs / 4), SWEEP_MIN_MS), SECOND_MS);
}
