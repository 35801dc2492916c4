/** What a client was told of a write. */
export type WriteReport =
  /** It is done, with this revision. */
  | { readonly kind: "acknowledged"; readonly revision: number }
  /** It may or may not have been applied. */
  | { readonly kind: "uncertain" }
  /** It was not applied, and never will be. */
  | { readonly kind: "refused" };

/** A put to a key of its own, made once. */
export interface PutReport {
  readonly value: string;
  readonly report: WriteReport;
}

/** What became of all attempts to raise a counter by one, each under the condition that it had not changed. */
export interface CounterReport {
  /** Highest value that was acknowledged. */
  readonly highest: number;
  readonly acknowledged: number;
  readonly uncertain: number;
}

/** Everything that the clients were told, to be held against what the store says in the end. */
export class History {
  readonly puts: Map<string, PutReport> = new Map();
  readonly counters: Map<string, CounterReport> = new Map();
  /** What could not be true the moment it was told. */
  readonly contradictions: string[] = [];
  private readonly writeOfRevision = new Map<number, string>();

  get acknowledged(): number {
    return this.writeOfRevision.size;
  }

  notePut(key: string, value: string, report: WriteReport): void {
    this.puts.set(key, { value, report });
    this.noteRevision(key, report);
  }

  /** @param value  what the counter was to become */
  noteIncrement(key: string, value: number, report: WriteReport): void {
    const { highest, acknowledged, uncertain } = this.counter(key);
    this.counters.set(key, {
      highest: report.kind === "acknowledged" ? Math.max(highest, value) : highest,
      acknowledged: acknowledged + (report.kind === "acknowledged" ? 1 : 0),
      uncertain: uncertain + (report.kind === "uncertain" ? 1 : 0),
    });
    this.noteRevision(`${key} = ${value}`, report);
  }

  counter(key: string): CounterReport {
    return this.counters.get(key) ?? { highest: 0, acknowledged: 0, uncertain: 0 };
  }

  /** @param floor  the highest value that had been acknowledged when the read began: linearizable reads see it */
  noteRead(key: string, value: number, floor: number): void {
    if (value < floor)
      this.contradictions.push(`${key} was read as ${value} after ${floor} was acknowledged`);
  }

  private noteRevision(what: string, report: WriteReport): void {
    if (report.kind !== "acknowledged") return;
    const other = this.writeOfRevision.get(report.revision);
    this.writeOfRevision.set(report.revision, what);
    if (other !== undefined) {
      this.contradictions.push(`${what} and ${other} were both told revision ${report.revision}`);
    }
  }
}
