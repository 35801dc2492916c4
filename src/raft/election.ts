import type { VoteRequest, VoteResponse } from "./messages.ts";
import { majorityOf } from "./quorum.ts";
import type { ServerState } from "./server-state.ts";
import type { ServerId } from "./types.ts";

type Phase = "preVote" | "vote";

/**
 * A candidate tries again after this part of a follower's time-out. Answers mostly come within a round trip, so it
 * need not wait as long as one that waits for a silent leader; a split vote is over that much sooner. But a vote also
 * takes a write on two disks, and where all that takes longer no try would ever succeed (§5.6): each further try in a
 * row has twice the time, up to the whole.
 */
const FIRST_PATIENCE = 1 / 8;

/**
 * Elections (§5.2, §5.4.1) in two phases: first a server asks whether it would win (pre-vote, dissertation §9.6),
 * and only then does it enter a new term. A server that is cut off thus comes back with the term it left with.
 */
export class Election {
  private readonly state: ServerState;
  private readonly won: () => void;
  private phase: Phase = "preVote";
  private transfer = false;
  private patience = FIRST_PATIENCE;
  private readonly granted = new Set<ServerId>();
  private readonly refused = new Set<ServerId>();
  /** The batch with this candidate's vote for itself, which counts when it is on disk like any other vote. */
  private ownVoteBatch = 0;

  /** @param won  called when a majority has voted for this server in the current term */
  constructor(state: ServerState, won: () => void) {
    this.state = state;
    this.won = won;
  }

  /** Stands for election; `transfer` when the leader itself asked for it, and so needs no pre-vote. */
  campaign(transfer: boolean): void {
    this.patience = this.state.role === "candidate" ? Math.min(2 * this.patience, 1) : FIRST_PATIENCE;
    if (transfer) this.requestVotes(true);
    else this.requestPreVotes();
  }

  /**
   * Stands for election soon, since the leader seems to be gone. All followers notice that at the same moment, so
   * they go by rank, some ticks apart: were they to stand together, each would vote for itself.
   */
  expectVacancy(): void {
    const { state } = this;
    const rank = state.config.members.filter(
      (member) => member !== state.leader && member < state.config.id,
    ).length;
    const spacing = Math.ceil(state.config.electionTicks / 25);
    state.leader = 0;
    state.electionElapsed = 0;
    state.electionTimeout = 1 + rank * spacing + state.random.below(Math.ceil(spacing / 2));
  }

  /**
   * Gives, or does not give, this server's vote. A real request of a new term has made this server enter it before.
   * @param isHeard  false: a live leader stands against the request
   */
  handleRequest(request: VoteRequest, isHeard: boolean): void {
    const granted = isHeard && this.wouldVoteFor(request);
    if (granted && !request.preVote) {
      this.state.enterTerm(request.term, request.from);
      this.state.restartElectionTimer();
    }
    this.answer(request, granted);
  }

  handleResponse(response: VoteResponse): void {
    const { state } = this;
    if (state.role !== "candidate" || response.preVote !== (this.phase === "preVote")) return;
    const electionTerm = response.preVote ? state.currentTerm + 1 : state.currentTerm;
    if (response.granted && response.term === electionTerm) this.granted.add(response.from);
    else if (!response.granted) this.refused.add(response.from);
    this.countVotes();
  }

  /** A batch is on disk: perhaps the one with the candidate's vote for itself. */
  persisted(): void {
    if (this.state.role !== "candidate" || this.phase !== "vote") return;
    if (!this.state.durability.isPersisted(this.ownVoteBatch)) return;
    this.granted.add(this.state.config.id);
    this.countVotes();
  }

  private requestPreVotes(): void {
    this.begin("preVote");
    this.granted.add(this.state.config.id);
    this.sendRequests(this.state.currentTerm + 1, 0);
    this.countVotes();
  }

  private requestVotes(transfer: boolean): void {
    const { state } = this;
    this.begin("vote");
    this.transfer = transfer;
    state.enterTerm(state.currentTerm + 1, state.config.id);
    this.ownVoteBatch = state.durability.afterHardState;
    this.sendRequests(state.currentTerm, this.ownVoteBatch);
  }

  private begin(phase: Phase): void {
    this.state.role = "candidate";
    this.state.leader = 0;
    this.state.restartElectionTimer(this.patience);
    this.phase = phase;
    this.transfer = false;
    this.granted.clear();
    this.refused.clear();
  }

  private sendRequests(term: number, after: number): void {
    const { config, log } = this.state;
    for (const to of this.state.peers) {
      this.state.send(
        {
          kind: "voteRequest",
          from: config.id,
          to,
          term,
          replyTo: 0,
          lastIndex: log.lastIndex,
          lastTerm: log.lastTerm,
          preVote: this.phase === "preVote",
          transfer: this.transfer,
        },
        after,
      );
    }
  }

  private countVotes(): void {
    const majority = majorityOf(this.state.config.members.length);
    if (this.granted.size >= majority) {
      if (this.phase === "preVote") this.requestVotes(false);
      else this.won();
    } else if (this.refused.size >= majority) {
      this.state.becomeFollower(this.state.currentTerm, 0);
    }
  }

  /** One vote a term, first come first served, and only for a log at least as up to date as this one (§5.2, §5.4.1). */
  private wouldVoteFor(request: VoteRequest): boolean {
    const { state } = this;
    const isFree =
      request.term > state.currentTerm ||
      (request.term === state.currentTerm && (state.votedFor === 0 || state.votedFor === request.from));
    return isFree && state.log.isCoveredBy(request.lastIndex, request.lastTerm);
  }

  /**
   * A granted pre-vote names the term that was asked for, everything else the responder's own,
   * so that a candidate that has fallen behind learns the term from the refusal.
   */
  private answer(request: VoteRequest, granted: boolean): void {
    const { state } = this;
    state.send(
      {
        kind: "voteResponse",
        from: state.config.id,
        to: request.from,
        term: granted && request.preVote ? request.term : state.currentTerm,
        replyTo: request.replyTo,
        preVote: request.preVote,
        granted,
      },
      state.durability.afterHardState,
    );
  }
}
