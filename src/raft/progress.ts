import type { LogIndex } from "./types.ts";

/** Entries on their way to a follower, as one message. */
interface Inflight {
  readonly lastIndex: LogIndex;
  readonly bytes: number;
}

export interface InflightLimits {
  readonly inflightMessagesLimit: number;
  readonly inflightBytesLimit: number;
}

/**
 * What a leader knows of one follower's log, and how it sends entries there.
 *
 * `probe`: where the logs part is not known. One message at a time; each answer moves `nextIndex`. It begins here,
 * and comes back here when a message is refused or lost.
 *
 * `replicate`: the logs match at `matchIndex`. Messages follow each other without waiting for answers, up to the
 * window's limits; `nextIndex` runs ahead of `matchIndex` by what is on its way.
 *
 * `stranded`: the follower needs entries that this log has discarded. Only a snapshot can help it.
 *
 *     probe ──success──▶ replicate ──refused, lost──▶ probe
 *       └──nextIndex discarded──▶ stranded ──matchIndex grows──▶ probe
 */
export class Progress {
  matchIndex: LogIndex = 0;
  nextIndex: LogIndex;
  state: "probe" | "replicate" | "stranded" = "probe";
  /** An answer came since the last check of the quorum. */
  recentlyActive = true;
  /** The highest heartbeat round that was answered. */
  ackedRound = 0;
  /** The commit index that was sent last. */
  sentCommitIndex: LogIndex = 0;
  /** In `probe`, what comes before the next message: the answer to the last one, or, when that was lost, any answer. */
  private awaits: "nothing" | "answer" | "signOfLife" = "nothing";
  private readonly inflights: Inflight[] = [];
  private inflightBytes = 0;
  private readonly limits: InflightLimits;

  constructor(nextIndex: LogIndex, limits: InflightLimits) {
    this.nextIndex = nextIndex;
    this.limits = limits;
  }

  /** True when a message with entries may leave now. */
  get maySend(): boolean {
    if (this.state === "probe") return this.awaits === "nothing";
    if (this.state === "stranded") return false;
    return (
      this.inflights.length < this.limits.inflightMessagesLimit &&
      this.inflightBytes < this.limits.inflightBytesLimit
    );
  }

  get isIdle(): boolean {
    return this.state === "replicate" && this.inflights.length === 0;
  }

  /** Entries up to `lastIndex` were sent, `bytes` in all. */
  sent(lastIndex: LogIndex, bytes: number): void {
    if (this.state === "probe") {
      this.awaits = "answer";
      return;
    }
    this.nextIndex = lastIndex + 1;
    this.inflights.push({ lastIndex, bytes });
    this.inflightBytes += bytes;
  }

  /** The follower has the log on disk up to `matchIndex`. Returns true when that is news. */
  acknowledged(matchIndex: LogIndex): boolean {
    while (this.inflights.length > 0 && this.inflights[0]!.lastIndex <= matchIndex) {
      this.inflightBytes -= this.inflights.shift()!.bytes;
    }
    const isNews = matchIndex > this.matchIndex;
    if (isNews) this.matchIndex = matchIndex;
    this.nextIndex = Math.max(this.nextIndex, this.matchIndex + 1);
    return isNews;
  }

  /**
   * The follower does not have what it acknowledged: its disk has lost the end of the log. That is against the rules,
   * and may have cost what no other server has; but it is to get back what the leader has.
   */
  forgets(matchIndex: LogIndex): void {
    this.matchIndex = Math.min(this.matchIndex, matchIndex);
  }

  /** The logs match at `matchIndex`: entries may follow each other. */
  becomeReplicate(): void {
    this.state = "replicate";
    this.clearInflights();
    this.nextIndex = this.matchIndex + 1;
  }

  /** Where the logs part must be found out (again), beginning before `nextIndex`. */
  becomeProbe(nextIndex: LogIndex): void {
    this.state = "probe";
    this.clearInflights();
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
  }

  /**
   * What is on its way is lost, or part of it. Goes on behind what the follower is known to have, or, where that is
   * not known yet, with the same probe; but not before the follower gives a sign of life.
   */
  lost(): void {
    if (this.state === "stranded") return;
    if (this.state === "replicate") this.becomeProbe(this.matchIndex + 1);
    this.awaits = "signOfLife";
  }

  becomeStranded(): void {
    this.state = "stranded";
    this.clearInflights();
  }

  /** The follower answered something, so a probe that waited for a sign of life may go. */
  heardFrom(): void {
    this.recentlyActive = true;
    if (this.awaits === "signOfLife") this.awaits = "nothing";
  }

  private clearInflights(): void {
    this.inflights.length = 0;
    this.inflightBytes = 0;
    this.awaits = "nothing";
  }
}
