import { invariant } from "./invariant.ts";
import type { AppendResponse } from "./messages.ts";
import { Progress } from "./progress.ts";
import { majorityOf, reachedByMajority } from "./quorum.ts";
import { ReadIndexQueue } from "./read-index.ts";
import type { ServerState } from "./server-state.ts";
import { type Entry, EntryKind, type LogIndex, type ServerId } from "./types.ts";

const NO_DATA = new Uint8Array(0);

/** A leader's side of one term: it appends, sends, counts, commits, and confirms that it still leads (§5.3, §5.4, §8). */
export class Leadership {
  private readonly state: ServerState;
  private readonly progress = new Map<ServerId, Progress>();
  readonly reads: ReadIndexQueue;
  /** Index of the first entry of this term. */
  private readonly termStart: LogIndex;
  /** Of this term's entries. */
  private uncommittedBytes = 0;
  /** The commit index when the quorum was checked last. */
  private checkedCommitIndex: LogIndex = 0;
  private heartbeatElapsed = 0;
  private heartbeatDue = false;

  /** Takes office: the first entry of the term is empty, so that the commit index can be known (§8). */
  constructor(state: ServerState) {
    this.state = state;
    state.role = "leader";
    state.leader = state.config.id;
    state.electionElapsed = 0;
    for (const peer of state.peers)
      this.progress.set(peer, new Progress(state.log.lastIndex + 1, state.config));
    this.reads = new ReadIndexQueue(state, (id) => this.progress.get(id)!.ackedRound);
    this.termStart = this.append(EntryKind.NOOP, [NO_DATA]);
  }

  /** False when so much is uncommitted that no more is taken on. */
  get hasRoom(): boolean {
    return this.uncommittedBytes < this.state.config.uncommittedBytesLimit;
  }

  get matchIndexes(): Map<ServerId, LogIndex> {
    const matches = new Map<ServerId, LogIndex>([[this.state.config.id, this.state.durability.durableIndex]]);
    for (const [id, progress] of this.progress) matches.set(id, progress.matchIndex);
    return matches;
  }

  progressOf(id: ServerId): Progress | undefined {
    return this.progress.get(id);
  }

  /** Adds entries of the current term to the log. Returns the index of the first. */
  append(kind: Entry["kind"], payloads: readonly Uint8Array[]): LogIndex {
    const { state } = this;
    const firstIndex = state.log.lastIndex + 1;
    const entries = payloads.map((data, i) => ({
      index: firstIndex + i,
      term: state.currentTerm,
      kind,
      data,
    }));
    for (const data of payloads) this.uncommittedBytes += data.length;
    state.writeEntries(entries);
    return firstIndex;
  }

  /**
   * One tick. Returns false when the leader is to step down, since for an election time-out it heard of no majority,
   * or its disk kept still.
   */
  tick(): boolean {
    const { state } = this;
    this.heartbeatElapsed += 1;
    state.electionElapsed += 1;
    if (state.electionElapsed >= state.config.electionTicks) {
      state.electionElapsed = 0;
      if (!this.checkQuorum() || !this.checkDisk()) return false;
    }
    if (this.heartbeatElapsed >= state.config.heartbeatTicks) this.heartbeatDue = true;
    else this.shareCommitIndex();
    return true;
  }

  handleResponse(response: AppendResponse): void {
    const progress = this.progress.get(response.from);
    if (progress === undefined) return;
    progress.heardFrom();
    progress.ackedRound = Math.max(progress.ackedRound, response.round);
    this.reads.collectConfirmed();
    if (response.success) this.accepted(progress, response);
    else this.refused(progress, response);
  }

  /** A message to `peer` was lost, or the peer cannot be reached: what is on its way may be lost as well. */
  unreachable(peer: ServerId): void {
    this.progress.get(peer)?.lost();
  }

  /** Commits what a majority has on disk, if it is of this term; what is older is committed with it (§5.4.2). */
  advanceCommit(): void {
    const { state } = this;
    const matches = [state.durability.durableIndex];
    for (const progress of this.progress.values()) matches.push(progress.matchIndex);
    state.discardIndex = Math.max(state.discardIndex, Math.min(...matches));
    const index = reachedByMajority(matches);
    if (index <= state.commitIndex || state.log.termAt(index) !== state.currentTerm) return;
    this.uncommittedBytes -= state.log.bytesBetween(Math.max(state.commitIndex + 1, this.termStart), index);
    state.commitThrough(index);
  }

  /** Queues what is to be sent now: at most one message of a kind to each peer, however much came in meanwhile. */
  flush(): void {
    if (this.reads.beginRound() || this.heartbeatDue) {
      this.heartbeatDue = false;
      this.heartbeatElapsed = 0;
      for (const [to, progress] of this.progress) this.sendHeartbeat(to, progress);
    }
    for (const [to, progress] of this.progress) this.sendEntries(to, progress);
  }

  private accepted(progress: Progress, response: AppendResponse): void {
    invariant(
      response.matchIndex <= this.state.log.lastIndex,
      `server ${response.from} has more than its leader`,
    );
    const isNews = progress.acknowledged(response.matchIndex);
    if (progress.state === "stranded" && isNews) progress.becomeProbe(progress.matchIndex + 1);
    // A probe has found the place when the follower accepts what stands right before nextIndex.
    else if (progress.state === "probe" && response.prevIndex + 1 >= progress.nextIndex)
      progress.becomeReplicate();
    else if (progress.state === "probe" && isNews) progress.becomeReplicate();
    if (isNews) this.advanceCommit();
  }

  /**
   * A message did not find its place. In `replicate` it was overtaken, or one before it was lost: also when that one
   * has been accepted meanwhile, the refused entries are still missing.
   */
  private refused(progress: Progress, response: AppendResponse): void {
    const wasCompared = response.hintIndex < response.prevIndex;
    const isStale = progress.state === "probe" && response.prevIndex !== progress.nextIndex - 1;
    if (!wasCompared || isStale || progress.state === "stranded") return;
    const next = this.state.log.lastIndexOfTermAtMost(response.hintIndex, response.hintTerm) + 1;
    // In `replicate` this only says that answers came in another order.
    const hasForgotten = progress.state === "probe" && response.prevIndex <= progress.matchIndex;
    if (hasForgotten) progress.forgets(Math.min(next, response.prevIndex) - 1);
    progress.becomeProbe(Math.min(next, response.prevIndex));
  }

  private checkQuorum(): boolean {
    let active = 1;
    for (const progress of this.progress.values()) {
      if (progress.recentlyActive) active += 1;
      progress.recentlyActive = false;
    }
    return active >= majorityOf(this.state.config.members.length);
  }

  /**
   * A leader commits without its own disk, so one whose disk hangs would go on, and hold in memory all that it cannot
   * write. When others have had on disk for an election time-out what this server still has not, one of them leads
   * better. As long as they have not, nobody does.
   */
  private checkDisk(): boolean {
    const isStuck = this.state.durability.durableIndex < this.checkedCommitIndex;
    this.checkedCommitIndex = this.state.commitIndex;
    return !isStuck;
  }

  /** Followers learn a new commit index from the next entries; a follower that gets none learns it from this. */
  private shareCommitIndex(): void {
    for (const [to, progress] of this.progress) {
      if (progress.isIdle && progress.sentCommitIndex < this.state.commitIndex)
        this.sendHeartbeat(to, progress);
    }
  }

  /**
   * A heartbeat compares at `matchIndex`, where it cannot fail: to find where logs part is the business of probes.
   * With a stranded follower it compares where this log begins: if that fits, the follower can be helped after all.
   */
  private sendHeartbeat(to: ServerId, progress: Progress): void {
    const isStranded = progress.state === "stranded";
    const index = isStranded ? this.state.log.firstIndex - 1 : progress.matchIndex;
    this.sendAppend(to, progress, index, index);
  }

  private sendEntries(to: ServerId, progress: Progress): void {
    const { log, config } = this.state;
    while (progress.maySend && progress.nextIndex <= log.lastIndex) {
      if (progress.nextIndex < log.firstIndex) {
        progress.becomeStranded();
        return;
      }
      const { nextIndex } = progress;
      const lastIndex = log.lastIndexWithin(nextIndex, config.messageBytesLimit, config.messageEntriesLimit);
      this.sendAppend(to, progress, nextIndex - 1, lastIndex);
      progress.sent(lastIndex, log.bytesBetween(nextIndex, lastIndex));
    }
  }

  private sendAppend(to: ServerId, progress: Progress, prevIndex: LogIndex, lastIndex: LogIndex): void {
    const { state } = this;
    progress.sentCommitIndex = state.commitIndex;
    // The term is on disk since the votes were asked for; the entries need not be (dissertation §10.2.1).
    state.send(
      {
        kind: "appendRequest",
        from: state.config.id,
        to,
        term: state.currentTerm,
        replyTo: 0,
        prevIndex,
        prevTerm: state.log.termAt(prevIndex) ?? 0,
        lastIndex,
        commitIndex: state.commitIndex,
        discardIndex: state.discardIndex,
        round: this.reads.round,
      },
      0,
    );
  }
}
