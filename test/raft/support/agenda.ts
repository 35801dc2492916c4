/** What is to happen when, in whole units of simulated time. Things of one moment happen in the order they were put down. */
export class Agenda {
  now = 0;
  private readonly moments = new Map<number, (() => void)[]>();

  /** Puts down `act` for `delay` units from now; at least one. */
  after(delay: number, act: () => void): void {
    const moment = this.now + Math.max(1, Math.ceil(delay));
    const acts = this.moments.get(moment);
    if (acts === undefined) this.moments.set(moment, [act]);
    else acts.push(act);
  }

  /** Time goes on by one unit. Returns what is due. */
  next(): readonly (() => void)[] {
    this.now += 1;
    const due = this.moments.get(this.now) ?? [];
    this.moments.delete(this.now);
    return due;
  }
}
