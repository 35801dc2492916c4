import type { LogIndex } from "../../raft/types.ts";

const INITIAL_CAPACITY = 1024;

/** Eight bytes an entry: the size of its data, and where in its segment the record begins that holds it. */
export class EntryTable {
  private sizes = new Uint32Array(INITIAL_CAPACITY);
  private offsets = new Uint32Array(INITIAL_CAPACITY);
  /** The entry that slot 0 stands for. */
  private base: LogIndex;
  private first: LogIndex;
  private end: LogIndex;

  constructor(firstIndex: LogIndex) {
    this.base = firstIndex;
    this.first = firstIndex;
    this.end = firstIndex;
  }

  get firstIndex(): LogIndex {
    return this.first;
  }

  get lastIndex(): LogIndex {
    return this.end - 1;
  }

  sizeAt(index: LogIndex): number {
    return this.sizes[index - this.base]!;
  }

  /** 0 while the entry has not been written. */
  recordOffsetAt(index: LogIndex): number {
    return this.offsets[index - this.base]!;
  }

  append(sizeBytes: number): void {
    const slot = this.end - this.base;
    if (slot === this.sizes.length) this.makeRoom();
    this.sizes[this.end - this.base] = sizeBytes;
    this.offsets[this.end - this.base] = 0;
    this.end += 1;
  }

  /** Notes where the record with the entries `from` to `to` went; those that were cut off meanwhile are skipped. */
  place(from: LogIndex, to: LogIndex, recordOffset: number): void {
    const last = Math.min(to, this.end - 1);
    if (last >= from) this.offsets.fill(recordOffset, from - this.base, last + 1 - this.base);
  }

  truncateFrom(index: LogIndex): void {
    this.end = index;
  }

  discardBefore(index: LogIndex): void {
    this.first = Math.min(Math.max(this.first, index), this.end);
  }

  /** Moves what is in use to the front; into larger arrays when that alone would not make much room. */
  private makeRoom(): void {
    const from = this.first - this.base;
    const count = this.end - this.first;
    const capacity = count * 2 > this.sizes.length ? this.sizes.length * 2 : this.sizes.length;
    const sizes = new Uint32Array(capacity);
    const offsets = new Uint32Array(capacity);
    sizes.set(this.sizes.subarray(from, from + count));
    offsets.set(this.offsets.subarray(from, from + count));
    this.sizes = sizes;
    this.offsets = offsets;
    this.base = this.first;
  }
}
