/**
 * A number that tells two histories apart: the same records in the same order give the same hash, others another,
 * but for a chance of about 2^-32 for a single record that differs.
 *
 * It rolls over the CRC-32s of the records, which are computed anyway. Two lanes of 32 bits are mixed by
 * multiplication with odd constants (the golden ratio; the first constant of MurmurHash3's finalizer), which
 * loses nothing of the state; 53 bits of them are shown, so that the hash is a safe integer.
 */
export class StoreHash {
  private low = 0x9e37_79b1 | 0;
  private high = 0x85eb_ca6b | 0;

  add(recordChecksum: number): void {
    const low = Math.imul(this.low ^ recordChecksum, 0x9e37_79b1);
    this.low = low ^ (low >>> 15);
    const high = Math.imul(this.high + this.low, 0x85eb_ca6b);
    this.high = high ^ (high >>> 13);
  }

  /** 0 to 2^53 − 1. */
  get value(): number {
    return (this.high >>> 11) * 0x1_0000_0000 + (this.low >>> 0);
  }
}
