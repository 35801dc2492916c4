import type { Entry, LogIndex } from "../../raft/types.ts";

const COMPACT_AFTER = 4096;

/** The newest entries, kept in memory: everything not yet durable, and beyond that as much as the limit allows. */
export class EntryTail {
  private entries: (Entry | undefined)[] = [];
  private head = 0;
  private first: LogIndex;
  private bytes = 0;
  private readonly limitBytes: number;

  constructor(firstIndex: LogIndex, limitBytes: number) {
    this.first = firstIndex;
    this.limitBytes = limitBytes;
  }

  /** The oldest entry in memory; one behind the last entry when there is none. */
  get firstIndex(): LogIndex {
    return this.first;
  }

  /** Bytes of entry data in memory. */
  get sizeBytes(): number {
    return this.bytes;
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += entry.data.length;
  }

  truncateFrom(index: LogIndex): void {
    if (index < this.first) {
      this.entries = [];
      this.head = 0;
      this.first = index;
      this.bytes = 0;
      return;
    }
    const length = this.head + index - this.first;
    for (let at = length; at < this.entries.length; at++) this.bytes -= this.entries[at]!.data.length;
    this.entries.length = length;
  }

  /** Lets the oldest entries go while the limit is exceeded, but none behind `durableIndex`. */
  evict(durableIndex: LogIndex): void {
    while (this.bytes > this.limitBytes && this.first <= durableIndex) this.dropFirst();
    this.compact();
  }

  discardBefore(index: LogIndex): void {
    while (this.first < index && this.head < this.entries.length) this.dropFirst();
    this.first = Math.max(this.first, index);
    this.compact();
  }

  /**
   * Entries `from` to `to`, both included, as many as fit `limitBytes`, at least one.
   * All of them must be in memory.
   */
  slice(from: LogIndex, to: LogIndex, limitBytes: number): Entry[] {
    const start = this.head + from - this.first;
    const end = start + to - from + 1;
    const slice = [this.entries[start]!];
    let bytes = slice[0]!.data.length;
    for (let at = start + 1; at < end; at++) {
      const entry = this.entries[at]!;
      bytes += entry.data.length;
      if (bytes > limitBytes) break;
      slice.push(entry);
    }
    return slice;
  }

  private dropFirst(): void {
    this.bytes -= this.entries[this.head]!.data.length;
    this.entries[this.head] = undefined;
    this.head += 1;
    this.first += 1;
  }

  private compact(): void {
    if (this.head > COMPACT_AFTER && this.head * 2 > this.entries.length) {
      this.entries.splice(0, this.head);
      this.head = 0;
    }
  }
}
