import { invariant } from "./invariant.ts";
import type { Entry, LogIndex, Term } from "./types.ts";

/** Consecutive entries of one term. */
interface TermRun {
  readonly term: Term;
  readonly firstIndex: LogIndex;
}

/** Below so many discarded sizes it is not worth the copy to give their memory back. */
const DISCARD_SLACK = 4096;

/**
 * What the core knows of the log: of each entry its term and its size, never its data.
 *
 * Terms never decrease along a log, so they are kept as runs; a log of millions of entries has a handful.
 */
export class LogPositions {
  private readonly runs: TermRun[] = [];
  /** sizes[i] is the data size of entry sizesBase + i. */
  private sizes: number[] = [];
  private sizesBase: LogIndex;
  private first: LogIndex;

  /**
   * An empty log that begins behind `prevIndex`.
   * @param prevTerm  term of the (discarded) entry at `prevIndex`; 0 for a log that begins at 1
   */
  constructor(prevIndex: LogIndex = 0, prevTerm: Term = 0) {
    this.first = prevIndex + 1;
    this.sizesBase = this.first;
    this.runs.push({ term: prevTerm, firstIndex: prevIndex });
  }

  get firstIndex(): LogIndex {
    return this.first;
  }

  get lastIndex(): LogIndex {
    return this.sizesBase + this.sizes.length - 1;
  }

  get lastTerm(): Term {
    return this.runs[this.runs.length - 1]!.term;
  }

  /** Term of the entry at `index`, from `firstIndex − 1` to `lastIndex`; undefined outside. */
  termAt(index: LogIndex): Term | undefined {
    if (index > this.lastIndex || index < this.first - 1) return undefined;
    return this.runs[this.runOf(index)]!.term;
  }

  /** True when the log has this very entry at `index`. */
  matches(index: LogIndex, term: Term): boolean {
    return this.termAt(index) === term;
  }

  /** True when a log that ends with (lastIndex, lastTerm) is at least as up to date as this one: term first, then length (§5.4.1). */
  isCoveredBy(lastIndex: LogIndex, lastTerm: Term): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /** The last index at or before `index` whose term is at most `term`; `firstIndex − 1` when there is none. */
  lastIndexOfTermAtMost(index: LogIndex, term: Term): LogIndex {
    const start = Math.min(index, this.lastIndex);
    let run = this.runOf(start);
    if (this.runs[run]!.term <= term) return start;
    while (run > 0 && this.runs[run]!.term > term) run -= 1;
    return this.runs[run]!.term <= term ? this.runs[run + 1]!.firstIndex - 1 : this.first - 1;
  }

  /** Adds one entry at the end. */
  append(term: Term, sizeBytes: number): void {
    const last = this.runs[this.runs.length - 1]!;
    invariant(term >= last.term, `an entry of term ${term} follows one of term ${last.term}`);
    if (term > last.term) this.runs.push({ term, firstIndex: this.lastIndex + 1 });
    this.sizes.push(sizeBytes);
  }

  appendAll(entries: readonly Entry[]): void {
    for (const entry of entries) this.append(entry.term, entry.data.length);
  }

  /** Cuts off `index` and all behind it. */
  truncateFrom(index: LogIndex): void {
    invariant(index >= this.first, `cannot cut the log at ${index}, before its first entry ${this.first}`);
    this.sizes.length = index - this.sizesBase;
    while (this.runs.length > 1 && this.runs[this.runs.length - 1]!.firstIndex >= index) this.runs.pop();
  }

  /** Forgets the entries up to `index`; the term at `index` stays known. */
  discardThrough(index: LogIndex): void {
    if (index < this.first) return;
    invariant(
      index <= this.lastIndex,
      `cannot discard up to ${index}, behind the last entry ${this.lastIndex}`,
    );
    const run = this.runOf(index);
    this.runs.splice(0, run + 1, { term: this.runs[run]!.term, firstIndex: index });
    this.first = index + 1;
    const unused = this.first - this.sizesBase;
    if (unused > DISCARD_SLACK && unused * 2 > this.sizes.length) {
      this.sizes = this.sizes.slice(unused);
      this.sizesBase = this.first;
    }
  }

  /**
   * How far a message goes that begins at `from`: the last index with which it stays within both limits,
   * at least `from` itself.
   */
  lastIndexWithin(from: LogIndex, bytesLimit: number, entriesLimit: number): LogIndex {
    const end = Math.min(this.lastIndex, from + entriesLimit - 1);
    let bytes = this.sizeAt(from);
    let last = from;
    while (last < end) {
      bytes += this.sizeAt(last + 1);
      if (bytes > bytesLimit) break;
      last += 1;
    }
    return last;
  }

  /** Bytes of entry data from `from` to `to`, both included. */
  bytesBetween(from: LogIndex, to: LogIndex): number {
    let bytes = 0;
    for (let index = from; index <= to; index++) bytes += this.sizeAt(index);
    return bytes;
  }

  private sizeAt(index: LogIndex): number {
    return this.sizes[index - this.sizesBase]!;
  }

  /** The run that holds `index`, searched from the end, where nearly all questions are asked. */
  private runOf(index: LogIndex): number {
    let run = this.runs.length - 1;
    while (run > 0 && this.runs[run]!.firstIndex > index) run -= 1;
    return run;
  }
}
