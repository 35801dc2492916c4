import type { RaftConfig } from "./config.ts";
import { Durability } from "./durability.ts";
import { invariant } from "./invariant.ts";
import type { LogPositions } from "./log-positions.ts";
import type { OutgoingMessage } from "./messages.ts";
import { SeededRandom } from "./random.ts";
import type { HeldMessage, Role } from "./ready.ts";
import type { Entry, HardState, LogIndex, ServerId, Term } from "./types.ts";

/**
 * The state of figure 2 of the Raft paper that all parts of the algorithm share: term, vote, role, log and commit
 * index, with the messages and changes to persist that collect until the next `takeReady`.
 */
export class ServerState {
  readonly config: RaftConfig;
  readonly random: SeededRandom;
  readonly log: LogPositions;
  readonly durability: Durability;
  currentTerm: Term;
  votedFor: ServerId;
  role: Role = "follower";
  /** 0: not known. */
  leader: ServerId = 0;
  commitIndex: LogIndex;
  discardIndex: LogIndex;
  /** Ticks since the last sign of a leader (follower), since the election began (candidate) or since the last quorum check (leader). */
  electionElapsed = 0;
  /** A follower or candidate stands for election after so many ticks; drawn anew each time. */
  electionTimeout = 0;
  private outbox: HeldMessage[] = [];

  constructor(config: RaftConfig, hardState: HardState, log: LogPositions) {
    this.config = config;
    this.random = new SeededRandom(config.seed);
    this.log = log;
    this.durability = new Durability(log.lastIndex);
    this.currentTerm = hardState.currentTerm;
    this.votedFor = hardState.votedFor;
    this.discardIndex = log.firstIndex - 1;
    this.commitIndex = Math.max(Math.min(hardState.commitIndex, log.lastIndex), this.discardIndex);
    this.restartElectionTimer();
  }

  get hardState(): HardState {
    return { currentTerm: this.currentTerm, votedFor: this.votedFor, commitIndex: this.commitIndex };
  }

  get peers(): ServerId[] {
    return this.config.members.filter((member) => member !== this.config.id);
  }

  /** Queues a message that may leave once batch `after` is on disk. */
  send(message: OutgoingMessage, after: number): void {
    this.outbox.push({ after, message });
  }

  takeOutbox(): readonly HeldMessage[] {
    const messages = this.outbox;
    if (messages.length > 0) this.outbox = [];
    return messages;
  }

  /** Enters a term, with or without a vote in it. Both change together (§5.1). */
  enterTerm(term: Term, votedFor: ServerId): void {
    invariant(term >= this.currentTerm, `term ${term} is before ${this.currentTerm}`);
    invariant(
      term > this.currentTerm || this.votedFor === 0 || this.votedFor === votedFor,
      `a second vote in term ${term}`,
    );
    if (term === this.currentTerm && votedFor === this.votedFor) return;
    this.currentTerm = term;
    this.votedFor = votedFor;
    this.durability.changedHardState();
  }

  /** Follows in `term`; `leader` 0 when it is not known who leads. A vote given in the same term stands. */
  becomeFollower(term: Term, leader: ServerId): void {
    if (term > this.currentTerm) this.enterTerm(term, 0);
    this.role = "follower";
    this.leader = leader;
    this.restartElectionTimer();
  }

  /**
   * Time-outs are drawn anew each time, so that a split vote is not split again (§5.2): between one and two times
   * `electionTicks`, or that part of it.
   */
  restartElectionTimer(part: number = 1): void {
    const ticks = Math.max(2, Math.ceil(this.config.electionTicks * part));
    this.electionElapsed = 0;
    this.electionTimeout = ticks + this.random.below(ticks);
  }

  /** A leader was heard of within the shortest election time-out: no other server may take its place yet. */
  get hasLiveLeader(): boolean {
    return this.leader !== 0 && this.electionElapsed < this.config.electionTicks;
  }

  /** Adds entries to the log, in the place of what stood at and behind the first one's index. */
  writeEntries(entries: readonly Entry[]): void {
    const first = entries[0];
    if (first === undefined) return;
    if (first.index <= this.log.lastIndex) {
      invariant(first.index > this.commitIndex, `entry ${first.index} is committed and would be replaced`);
      this.log.truncateFrom(first.index);
    }
    invariant(
      first.index === this.log.lastIndex + 1,
      `entry ${first.index} does not follow ${this.log.lastIndex}`,
    );
    this.log.appendAll(entries);
    this.durability.changedEntries(entries);
  }

  commitThrough(index: LogIndex): void {
    invariant(
      index <= this.log.lastIndex,
      `commit index ${index} is behind the end of the log, ${this.log.lastIndex}`,
    );
    if (index > this.commitIndex) this.commitIndex = index;
  }
}
