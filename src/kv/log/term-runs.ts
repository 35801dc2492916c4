import type { LogIndex, Term } from "../../raft/types.ts";

/**
 * The term of each entry. Terms never decrease along a log, so they are kept as runs, of which a log of millions
 * of entries has a handful.
 */
export class TermRuns {
  private readonly starts: LogIndex[];
  private readonly terms: Term[];

  /** Knows only the position before the first entry. */
  constructor(prevIndex: LogIndex, prevTerm: Term) {
    this.starts = [prevIndex];
    this.terms = [prevTerm];
  }

  get lastTerm(): Term {
    return this.terms[this.terms.length - 1]!;
  }

  /** `index` must lie between the first known position and the last entry; the caller checks. */
  termAt(index: LogIndex): Term {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.starts[middle]! <= index) low = middle;
      else high = middle - 1;
    }
    return this.terms[low]!;
  }

  append(index: LogIndex, term: Term): void {
    if (term === this.lastTerm) return;
    this.starts.push(index);
    this.terms.push(term);
  }

  truncateFrom(index: LogIndex): void {
    while (this.starts.length > 1 && this.starts[this.starts.length - 1]! >= index) {
      this.starts.pop();
      this.terms.pop();
    }
  }

  /** Forgets what lies before `index`, whose own term stays known. */
  discardBefore(index: LogIndex): void {
    let passed = 0;
    while (passed + 1 < this.starts.length && this.starts[passed + 1]! <= index) passed += 1;
    this.starts.splice(0, passed);
    this.terms.splice(0, passed);
    this.starts[0] = Math.max(this.starts[0]!, index);
  }
}
