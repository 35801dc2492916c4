import { reachedByMajority } from "./quorum.ts";
import type { ConfirmedRead } from "./ready.ts";
import type { ServerState } from "./server-state.ts";
import type { ServerId } from "./types.ts";

/**
 * Linearizable reads without a log entry (dissertation §6.4): a read that comes in at commit index i may be
 * answered from a state machine that has applied i, once a majority has confirmed, after the read came in, that
 * this server still leads.
 *
 * Confirmations are numbered rounds of heartbeats. One round is on its way at a time; the reads that come in
 * meanwhile share the next one.
 */
export class ReadIndexQueue {
  private readonly state: ServerState;
  private readonly ackedRounds: (id: ServerId) => number;
  private currentRound = 0;
  /** Wait for the round that is on its way. */
  private confirming: ConfirmedRead[] = [];
  /** Wait for the next round. */
  private waiting: number[] = [];
  private confirmed: ConfirmedRead[] = [];
  private refused: number[] = [];

  /** @param ackedRounds  the highest round that a member has answered in this term */
  constructor(state: ServerState, ackedRounds: (id: ServerId) => number) {
    this.state = state;
    this.ackedRounds = ackedRounds;
  }

  /** The round that heartbeats carry. */
  get round(): number {
    return this.currentRound;
  }

  add(id: number): void {
    this.waiting.push(id);
  }

  /**
   * Begins a round if reads wait for one and none is on its way. Returns true when heartbeats must go out for it.
   * Before the leader has committed an entry of its own term it cannot know the commit index (§8), so reads wait.
   */
  beginRound(): boolean {
    const { state } = this;
    if (this.confirming.length > 0 || this.waiting.length === 0) return false;
    if (state.log.termAt(state.commitIndex) !== state.currentTerm) return false;
    this.currentRound += 1;
    // What was acknowledged before a read came in is at or before the commit index of now.
    this.confirming = this.waiting.map((id) => ({ id, index: state.commitIndex }));
    this.waiting = [];
    this.collectConfirmed();
    return this.confirming.length > 0;
  }

  /** A member has answered a round. */
  collectConfirmed(): void {
    if (this.confirming.length === 0) return;
    const { members, id } = this.state.config;
    const rounds = members.map((member) => (member === id ? this.currentRound : this.ackedRounds(member)));
    if (reachedByMajority(rounds) < this.currentRound) return;
    for (const read of this.confirming) this.confirmed.push(read);
    this.confirming = [];
  }

  /** This server does not lead (any more). */
  refuseAll(): void {
    for (const read of this.confirming) this.refused.push(read.id);
    for (const id of this.waiting) this.refused.push(id);
    this.confirming = [];
    this.waiting = [];
  }

  takeConfirmed(): readonly ConfirmedRead[] {
    const taken = this.confirmed;
    if (taken.length > 0) this.confirmed = [];
    return taken;
  }

  takeRefused(): readonly number[] {
    const taken = this.refused;
    if (taken.length > 0) this.refused = [];
    return taken;
  }
}
