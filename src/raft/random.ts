/** Marsaglia's xorshift32: random enough to keep election time-outs apart, and the same in every replay. */
export class SeededRandom {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 0x9e3779b9;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** An integer, 0 to `limit` − 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  private next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }
}
