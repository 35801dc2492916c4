import { FollowerLog } from "./append-entries.ts";
import { checkConfig, type RaftConfig } from "./config.ts";
import { Election } from "./election.ts";
import { invariant } from "./invariant.ts";
import { LeaderTransfer } from "./leader-transfer.ts";
import { Leadership } from "./leadership.ts";
import type { LogPositions } from "./log-positions.ts";
import type { AppendRequest, Message, VoteRequest, VoteResponse } from "./messages.ts";
import type { ConfirmedRead, ProposeResult, RaftStatus, Ready, Role } from "./ready.ts";
import { ServerState } from "./server-state.ts";
import { EntryKind, type HardState, type LogIndex, type ServerId, type Term } from "./types.ts";

/**
 * One server's part in the Raft consensus algorithm, as a deterministic state machine without I/O, clock or
 * randomness of its own.
 *
 * The owner feeds it inputs, in any number, and then does what `takeReady` returns:
 *
 *  1. start writing `persist` to the log; report `persisted(id)` when it is on disk. Batches are written in order.
 *     The owner need not wait: more inputs may come, and more batches be started, meanwhile.
 *  2. send each message as soon as the batch that it names in `after` is on disk. Report `unreachable(peer)` for
 *     each request that got no answer.
 *  3. apply the entries up to `commitIndex`.
 *  4. answer `confirmedReads` once the entries up to their index are applied.
 *
 * At most one `Raft` may be alive for a server id, and it must be started from what was persisted last.
 */
export class Raft {
  private readonly state: ServerState;
  private readonly follower: FollowerLog;
  private readonly election: Election;
  private leadership: Leadership | null = null;
  private transfer: LeaderTransfer | null = null;
  private readonly orphanedReads: { confirmed: ConfirmedRead[]; refused: number[] } = {
    confirmed: [],
    refused: [],
  };

  /**
   * @param hardState  what was persisted last; all zeros for a server that never ran
   * @param log  positions of the entries that were found on disk
   */
  constructor(config: RaftConfig, hardState: HardState, log: LogPositions) {
    checkConfig(config);
    this.state = new ServerState(config, hardState, log);
    this.follower = new FollowerLog(this.state);
    this.election = new Election(this.state, () => this.takeOffice());
  }

  get role(): Role {
    return this.state.role;
  }

  get term(): Term {
    return this.state.currentTerm;
  }

  /** Who leads, as far as this server knows; 0: nobody. */
  get leader(): ServerId {
    return this.state.leader;
  }

  get commitIndex(): LogIndex {
    return this.state.commitIndex;
  }

  get lastIndex(): LogIndex {
    return this.state.log.lastIndex;
  }

  get isTransferring(): boolean {
    return this.transfer !== null;
  }

  status(): RaftStatus {
    const { config, role, currentTerm, leader, log, commitIndex } = this.state;
    return {
      id: config.id,
      role,
      term: currentTerm,
      leader,
      lastIndex: log.lastIndex,
      commitIndex,
      matchIndex: this.leadership?.matchIndexes ?? new Map(),
    };
  }

  /** One tick of time has passed. */
  tick(): void {
    if (this.leadership !== null) {
      if (this.transfer !== null && !this.transfer.tick()) this.transfer = null;
      if (!this.leadership.tick()) this.stepDown(this.state.currentTerm, 0);
      return;
    }
    this.state.electionElapsed += 1;
    if (this.state.electionElapsed >= this.state.electionTimeout) this.election.campaign(false);
  }

  /** A message arrived from a member of the cluster. */
  receive(message: Message): void {
    invariant(
      message.to === this.state.config.id,
      `a message to server ${message.to} reached ${this.state.config.id}`,
    );
    // A pre-vote asks about, and its grant names, a term in which nobody is yet; votes see to new terms themselves.
    const isAboutFuture =
      message.kind === "voteRequest" || (message.kind === "voteResponse" && isGrantedPreVote(message));
    if (message.term > this.state.currentTerm && !isAboutFuture) {
      this.stepDown(message.term, message.kind === "appendRequest" ? message.from : 0);
    }
    switch (message.kind) {
      case "voteRequest":
        this.receiveVoteRequest(message);
        break;
      case "voteResponse":
        this.election.handleResponse(message);
        break;
      case "appendRequest":
        this.receiveAppendRequest(message);
        break;
      case "appendResponse":
        if (message.term === this.state.currentTerm) this.leadership?.handleResponse(message);
        break;
      case "timeoutNow":
        if (message.term === this.state.currentTerm && this.leadership === null) this.election.campaign(true);
        break;
    }
  }

  /** Proposes entries for the log. Only a leader takes them, all or none. */
  propose(payloads: readonly Uint8Array[]): ProposeResult {
    if (this.leadership === null) return { outcome: "notLeader", leader: this.state.leader };
    if (this.transfer !== null) return { outcome: "transferring" };
    if (!this.leadership.hasRoom) return { outcome: "busy" };
    const firstIndex = this.leadership.append(EntryKind.COMMAND, payloads);
    return { outcome: "accepted", firstIndex, term: this.state.currentTerm };
  }

  /** Asks for a read index; the answer comes as a confirmed or refused read with this `id`. False: this server does not lead. */
  readIndex(id: number): boolean {
    if (this.leadership === null) return false;
    this.leadership.reads.add(id);
    return true;
  }

  /** All batches up to `batchId` are on disk. */
  persisted(batchId: number): void {
    this.state.durability.persisted(batchId);
    this.election.persisted();
    this.leadership?.advanceCommit();
  }

  /** A request to `peer` will get no answer. */
  unreachable(peer: ServerId): void {
    this.leadership?.unreachable(peer);
    if (this.transfer?.target === peer) this.transfer = null;
  }

  /**
   * The leader is probably gone: its connections broke and cannot be made again. Stands for election soon instead
   * of at the end of the time-out; the pre-vote keeps a leader in office that a majority still hears.
   * `leader` 0: none is known, and this server has just started.
   */
  suspectLeader(leader: ServerId): void {
    if (this.leadership === null && this.state.leader === leader) this.election.expectVacancy();
  }

  /** The leader of `term` is known to have committed up to `index`, by other means than its AppendEntries. */
  learnCommit(term: Term, index: LogIndex): void {
    if (this.leadership === null && term === this.state.currentTerm) this.follower.learnCommit(term, index);
  }

  /**
   * Begins to hand leadership over. Returns the server that shall lead; 0 when this server does not lead or no
   * other one answers.
   */
  transferLeadership(to: ServerId = 0): ServerId {
    if (this.leadership === null) return 0;
    const target = to === 0 ? LeaderTransfer.bestTarget(this.state, this.leadership) : to;
    if (target === 0 || this.leadership.progressOf(target) === undefined) return 0;
    this.transfer = new LeaderTransfer(this.state, this.leadership, target);
    return target;
  }

  /** Forgets the log up to `index`, which must be applied and in a durable checkpoint. */
  discardThrough(index: LogIndex): void {
    this.state.log.discardThrough(Math.min(index, this.state.commitIndex));
  }

  /** All that is to be done since the last call. */
  takeReady(): Ready {
    this.leadership?.flush();
    this.transfer?.flush();
    const { state, orphanedReads } = this;
    const confirmed = orphanedReads.confirmed.splice(0);
    const refused = orphanedReads.refused.splice(0);
    if (this.leadership !== null) confirmed.push(...this.leadership.reads.takeConfirmed());
    return {
      persist: state.durability.takeBatch(state.hardState),
      messages: state.takeOutbox(),
      commitIndex: state.commitIndex,
      discardIndex: state.discardIndex,
      confirmedReads: confirmed,
      refusedReads: refused,
    };
  }

  private takeOffice(): void {
    this.leadership = new Leadership(this.state);
  }

  private stepDown(term: Term, leader: ServerId): void {
    const reads = this.leadership?.reads;
    if (reads !== undefined) {
      reads.refuseAll();
      this.orphanedReads.confirmed.push(...reads.takeConfirmed());
      this.orphanedReads.refused.push(...reads.takeRefused());
    }
    this.leadership = null;
    this.transfer = null;
    this.state.becomeFollower(term, leader);
  }

  private receiveVoteRequest(request: VoteRequest): void {
    // As long as a leader is heard, and for a leader as long as it hears its majority, nobody stands against it
    // (§6), not even by a higher term, unless it asked for the election itself.
    const isHeard = request.transfer || !this.state.hasLiveLeader;
    if (isHeard && !request.preVote && request.term > this.state.currentTerm) this.stepDown(request.term, 0);
    this.election.handleRequest(request, isHeard);
  }

  private receiveAppendRequest(request: AppendRequest): void {
    const { state } = this;
    if (request.term < state.currentTerm) {
      this.refuseOldTerm(request);
      return;
    }
    invariant(
      this.leadership === null,
      `servers ${request.from} and ${state.config.id} both lead term ${request.term}`,
    );
    state.becomeFollower(request.term, request.from);
    this.follower.handle(request);
  }

  /**
   * The sender's term is over. It may lead again by the time it reads this, in the term that this names, so the hint
   * must rule out nothing: the logs were not compared.
   */
  private refuseOldTerm(request: AppendRequest): void {
    const { state } = this;
    state.send(
      {
        kind: "appendResponse",
        from: state.config.id,
        to: request.from,
        term: state.currentTerm,
        replyTo: request.replyTo,
        success: false,
        prevIndex: request.prevIndex,
        matchIndex: 0,
        hintIndex: request.prevIndex,
        hintTerm: state.currentTerm,
        round: 0,
      },
      state.durability.afterHardState,
    );
  }
}

function isGrantedPreVote(response: VoteResponse): boolean {
  return response.preVote && response.granted;
}
