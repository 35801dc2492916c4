import type { Entry, LogIndex, LogPositions, Term } from "../../../src/raft/index.ts";
import type { RaftModule } from "./raft-module.ts";

/** A log with its entries' data, in memory: what an owner keeps beside the core, and what lies on a simulated disk. */
export class SimLog {
  prevIndex: LogIndex = 0;
  prevTerm: Term = 0;
  entries: Entry[] = [];

  get lastIndex(): LogIndex {
    return this.prevIndex + this.entries.length;
  }

  get lastTerm(): Term {
    return this.entries[this.entries.length - 1]?.term ?? this.prevTerm;
  }

  at(index: LogIndex): Entry | undefined {
    return this.entries[index - this.prevIndex - 1];
  }

  termAt(index: LogIndex): Term | undefined {
    return index === this.prevIndex ? this.prevTerm : this.at(index)?.term;
  }

  between(from: LogIndex, to: LogIndex): Entry[] {
    return this.entries.slice(from - this.prevIndex - 1, to - this.prevIndex);
  }

  /** Writes entries as a batch says: the first may take an older one's place, all behind that are void. Returns what was cut. */
  write(entries: readonly Entry[]): Entry[] {
    const first = entries[0];
    if (first === undefined) return [];
    if (first.index <= this.prevIndex || first.index > this.lastIndex + 1) {
      throw new Error(
        `entry ${first.index} cannot be written to a log of ${this.prevIndex}, ${this.lastIndex}`,
      );
    }
    const cut = this.entries.splice(first.index - this.prevIndex - 1);
    for (const entry of entries) this.entries.push(entry);
    return cut;
  }

  discardThrough(index: LogIndex): void {
    if (index <= this.prevIndex) return;
    this.prevTerm = this.termAt(index)!;
    this.entries = this.entries.slice(index - this.prevIndex);
    this.prevIndex = index;
  }

  copy(): SimLog {
    const copy = new SimLog();
    copy.prevIndex = this.prevIndex;
    copy.prevTerm = this.prevTerm;
    copy.entries = [...this.entries];
    return copy;
  }

  positions(module: RaftModule): LogPositions {
    const positions = new module.LogPositions(this.prevIndex, this.prevTerm);
    positions.appendAll(this.entries);
    return positions;
  }
}
