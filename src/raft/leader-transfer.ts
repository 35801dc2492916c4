import type { Leadership } from "./leadership.ts";
import type { ServerState } from "./server-state.ts";
import type { ServerId } from "./types.ts";

/**
 * Hands leadership over (dissertation §3.10): no new proposals; when the target has the whole log it is told to
 * stand for election at once. If that comes to nothing within an election time-out, or the target cannot be
 * reached, the leader carries on.
 */
export class LeaderTransfer {
  private readonly state: ServerState;
  private readonly leadership: Leadership;
  readonly target: ServerId;
  private elapsedTicks = 0;
  private told = false;

  constructor(state: ServerState, leadership: Leadership, target: ServerId) {
    this.state = state;
    this.leadership = leadership;
    this.target = target;
  }

  /** The peer that would be ready soonest: the one that answers and has the most of the log; 0 when none answers. */
  static bestTarget(state: ServerState, leadership: Leadership): ServerId {
    let best = 0;
    let bestMatch = -1;
    for (const peer of state.peers) {
      const progress = leadership.progressOf(peer)!;
      if (progress.state === "replicate" && progress.matchIndex > bestMatch) {
        best = peer;
        bestMatch = progress.matchIndex;
      }
    }
    return best;
  }

  /** Returns false when the time is over and the transfer is given up. */
  tick(): boolean {
    this.elapsedTicks += 1;
    return this.elapsedTicks < this.state.config.electionTicks;
  }

  /** Tells the target, once, when it has all. */
  flush(): void {
    const { state } = this;
    if (this.told || this.leadership.progressOf(this.target)?.matchIndex !== state.log.lastIndex) return;
    this.told = true;
    state.send({ kind: "timeoutNow", from: state.config.id, to: this.target, term: state.currentTerm }, 0);
  }
}
