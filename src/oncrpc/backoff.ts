/** How long to wait before the next attempt to connect. */
export interface BackoffOptions {
  /** After the first failure, in milliseconds. Default: 20. */
  readonly minMs?: number;
  /** At most, in milliseconds; each failure doubles the wait up to here. Default: 1000. */
  readonly maxMs?: number;
}

const DEFAULT_MIN_MS = 20;
const DEFAULT_MAX_MS = 1000;

/**
 * The wait after `failures` failures in a row: doubling, and drawn from its upper half, so that clients that
 * lost the same server do not come back all at once.
 *
 * @param random  a number from 0 to 1
 */
export function backoffDelayMs(failures: number, random: number, options: BackoffOptions = {}): number {
  if (failures === 0) return 0;
  const minMs = options.minMs ?? DEFAULT_MIN_MS;
  const maxMs = options.maxMs ?? DEFAULT_MAX_MS;
  const fullMs = Math.min(maxMs, minMs * 2 ** (failures - 1));
  return fullMs * (0.5 + random / 2);
}
