/** The longest delay that Node's timers can do. */
const DELAY_MAX_MS = 0x7fff_ffff;

/**
 * One timer for any number of deadlines: it is set for the earliest, and whoever owns the deadlines looks at
 * all of them when it goes off. Deadlines that are met cost nothing, since nobody takes them back.
 */
export class DeadlineTimer {
  private readonly onDue: (nowMs: number) => void;
  private timer: NodeJS.Timeout | undefined;
  private armedForMs = Number.POSITIVE_INFINITY;

  /**
   * @param onDue  called at the earliest deadline, which is then forgotten; it arms the timer for what is left.
   *   `nowMs` is on the clock of `performance.now()`
   */
  constructor(onDue: (nowMs: number) => void) {
    this.onDue = onDue;
  }

  /** Makes sure of a call at `deadlineMs`, or sooner. An infinite deadline needs none. */
  arm(deadlineMs: number, nowMs: number): void {
    if (deadlineMs >= this.armedForMs) return;
    clearTimeout(this.timer);
    this.armedForMs = deadlineMs;
    const delayMs = Math.min(Math.max(Math.ceil(deadlineMs - nowMs), 1), DELAY_MAX_MS);
    this.timer = setTimeout(() => this.due(), delayMs);
  }

  /** Forgets all deadlines, so that the process can end. */
  stop(): void {
    clearTimeout(this.timer);
    this.armedForMs = Number.POSITIVE_INFINITY;
  }

  private due(): void {
    this.armedForMs = Number.POSITIVE_INFINITY;
    // After a pause of the process, replies that came in time are still unread: they are read before that runs.
    setImmediate(() => this.onDue(performance.now()));
  }
}
