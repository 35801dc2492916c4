/** Below so many microseconds each has a bucket of its own; above, each doubling is cut into half as many. */
const EXACT_BUCKETS = 256;
const EXACT_BITS = 8;
/** The longest time there are buckets for is 2^32 µs, more than an hour. */
const LONGEST_BITS = 32;
const LONGEST_US = 2 ** LONGEST_BITS - 1;
const BUCKETS_PER_DOUBLING = EXACT_BUCKETS / 2;

/**
 * Counts times by their length: to a microsecond below 256 µs, and to 1/128 of the time above. Recording one costs
 * a few nanoseconds, however many there are.
 */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(
    EXACT_BUCKETS + (LONGEST_BITS - EXACT_BITS) * BUCKETS_PER_DOUBLING,
  );
  private recorded = 0;
  private longestMs = 0;

  get count(): number {
    return this.recorded;
  }

  get maxMs(): number {
    return this.longestMs;
  }

  record(ms: number): void {
    this.counts[bucketOf(ms * 1000)]! += 1;
    this.recorded += 1;
    if (ms > this.longestMs) this.longestMs = ms;
  }

  /** The time that the fraction `quantile` of all times, e.g. 0.99, does not exceed, in milliseconds; 0 without times. */
  quantileMs(quantile: number): number {
    const rank = Math.max(1, Math.ceil(this.recorded * quantile));
    let seen = 0;
    for (let bucket = 0; bucket < this.counts.length; bucket++) {
      seen += this.counts[bucket]!;
      if (seen >= rank) return Math.min(topOf(bucket) / 1000, this.longestMs);
    }
    return 0;
  }
}

function bucketOf(us: number): number {
  const whole = Math.min(Math.floor(us), LONGEST_US);
  if (whole < EXACT_BUCKETS) return whole;
  const doublings = LONGEST_BITS - 1 - Math.clz32(whole) - EXACT_BITS;
  const within = (whole >>> (doublings + 1)) - BUCKETS_PER_DOUBLING;
  return EXACT_BUCKETS + doublings * BUCKETS_PER_DOUBLING + within;
}

/** Where a bucket ends, in microseconds. */
function topOf(bucket: number): number {
  if (bucket < EXACT_BUCKETS) return bucket + 1;
  const doublings = Math.floor((bucket - EXACT_BUCKETS) / BUCKETS_PER_DOUBLING);
  const within = (bucket - EXACT_BUCKETS) % BUCKETS_PER_DOUBLING;
  return (BUCKETS_PER_DOUBLING + within + 1) * 2 ** (doublings + 1);
}
