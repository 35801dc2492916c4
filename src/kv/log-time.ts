import type { Clock } from "./ports.ts";

/**
 * Time as the replicated log tells it: milliseconds for which the cluster has had a leader. A leader continues from
 * the last time in its log, by its own monotonic clock; nobody's wall clock is asked. Between two leaders it stands
 * still, so sessions and leases can only live longer by a change of leader, never shorter.
 */
export class LogTime {
  private readonly clock: Clock;
  private baseMs = 0;
  private since = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** This server begins to lead; `logTimeMs` is the latest time in the entries that it has applied. */
  continueFrom(logTimeMs: number): void {
    this.baseMs = logTimeMs;
    this.since = this.clock.nowMs();
  }

  /** This server leads, and has come to an entry of an earlier leader that it had not applied when it began. */
  atLeast(logTimeMs: number): void {
    if (logTimeMs > this.nowMs()) this.continueFrom(logTimeMs);
  }

  nowMs(): number {
    return this.baseMs + Math.floor(this.clock.nowMs() - this.since);
  }
}
