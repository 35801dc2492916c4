import {
  type AppendDirective,
  type AppendRequest,
  type AppendResponse,
  DEFAULT_LIMITS,
  type Entry,
  EntryKind,
  type HardState,
  LogPositions,
  type Message,
  type OutgoingMessage,
  Raft,
  type RaftConfig,
  type Ready,
  type ServerId,
  type Term,
  type VoteRequest,
  type VoteResponse,
} from "../../../src/raft/index.ts";

/** Entries of these terms, from `firstIndex` on. */
export function entriesOf(terms: readonly Term[], firstIndex: number = 1): Entry[] {
  return terms.map((term, i) => ({
    index: firstIndex + i,
    term,
    kind: EntryKind.COMMAND,
    data: new Uint8Array(1),
  }));
}

export interface SoloOptions {
  readonly id?: ServerId;
  readonly members?: readonly ServerId[];
  /** The terms of the entries on its disk. */
  readonly terms?: readonly Term[];
  readonly hardState?: Partial<HardState>;
  readonly config?: Partial<RaftConfig>;
}

/** One core, whose peers and disk are the test. By default server 1 of three that never ran. */
export class Solo {
  readonly raft: Raft;
  readonly id: ServerId;
  readonly members: readonly ServerId[];
  private lastBatch = 0;

  constructor(options: SoloOptions = {}) {
    this.id = options.id ?? 1;
    this.members = options.members ?? [1, 2, 3];
    const terms = options.terms ?? [];
    const log = new LogPositions();
    log.appendAll(entriesOf(terms));
    const hardState = { currentTerm: terms.at(-1) ?? 0, votedFor: 0, commitIndex: 0, ...options.hardState };
    const config: RaftConfig = {
      id: this.id,
      members: this.members,
      heartbeatTicks: 2,
      electionTicks: 10,
      seed: this.id,
      ...DEFAULT_LIMITS,
      ...options.config,
    };
    this.raft = new Raft(config, hardState, log);
  }

  get peers(): ServerId[] {
    return this.members.filter((member) => member !== this.id);
  }

  /** What is to be done now; nothing is written yet. */
  take(): Ready {
    const ready = this.raft.takeReady();
    this.lastBatch = ready.persist?.id ?? this.lastBatch;
    return ready;
  }

  /** Everything that was taken is on disk. */
  persist(): void {
    this.raft.persisted(this.lastBatch);
  }

  /** Does what is to be done, with a disk that takes no time; returns the messages. */
  work(): OutgoingMessage[] {
    const ready = this.take();
    this.persist();
    return ready.messages.map((held) => held.message);
  }

  tick(times: number): void {
    for (let i = 0; i < times; i++) this.raft.tick();
  }

  /** Waits until its patience ends; returns after how many ticks. */
  tickUntilCandidate(): number {
    for (let ticks = 1; ticks <= 1000; ticks++) {
      this.raft.tick();
      if (this.raft.role === "candidate") return ticks;
    }
    throw new Error(`server ${this.id} never stood for election`);
  }

  receive(message: Message): void {
    this.raft.receive(message);
  }

  /** Waits, stands for election and wins it with the votes of all; has its first entry of the term on disk. */
  becomeLeader(): void {
    this.tickUntilCandidate();
    this.work();
    for (const from of this.peers) this.receive(this.vote(from, { preVote: true, term: this.raft.term + 1 }));
    this.work();
    for (const from of this.peers) if (this.raft.role !== "leader") this.receive(this.vote(from, {}));
    if (this.raft.role !== "leader") throw new Error(`server ${this.id} was not elected`);
  }

  /** A vote for this server. */
  vote(from: ServerId, fields: Partial<VoteResponse>): VoteResponse {
    return {
      kind: "voteResponse",
      from,
      to: this.id,
      term: this.raft.term,
      replyTo: 0,
      preVote: false,
      granted: true,
      ...fields,
    };
  }

  voteRequest(from: ServerId, fields: Partial<VoteRequest>): VoteRequest {
    return {
      kind: "voteRequest",
      from,
      to: this.id,
      term: this.raft.term,
      replyTo: 0,
      lastIndex: 0,
      lastTerm: 0,
      preVote: false,
      transfer: false,
      ...fields,
    };
  }

  appendRequest(from: ServerId, fields: Partial<AppendRequest>): AppendRequest {
    return {
      kind: "appendRequest",
      from,
      to: this.id,
      term: this.raft.term,
      replyTo: 0,
      prevIndex: 0,
      prevTerm: 0,
      commitIndex: 0,
      discardIndex: 0,
      round: 0,
      entries: [],
      ...fields,
    };
  }

  /** An answer to AppendEntries: the follower `from` has the log up to `matchIndex`. */
  accept(from: ServerId, matchIndex: number, fields: Partial<AppendResponse> = {}): AppendResponse {
    return {
      kind: "appendResponse",
      from,
      to: this.id,
      term: this.raft.term,
      replyTo: 0,
      success: true,
      prevIndex: matchIndex,
      matchIndex,
      hintIndex: 0,
      hintTerm: 0,
      round: 0,
      ...fields,
    };
  }

  /** An answer to AppendEntries: the follower `from` has nothing at `prevIndex`, or something else. */
  refuse(from: ServerId, prevIndex: number, hintIndex: number, hintTerm: Term): AppendResponse {
    return this.accept(from, 0, { success: false, prevIndex, hintIndex, hintTerm });
  }
}

/** The AppendEntries among `messages` that go to `peer`. */
export function appendsTo(peer: ServerId, messages: readonly OutgoingMessage[]): AppendDirective[] {
  return messages.filter(
    (message): message is AppendDirective => message.kind === "appendRequest" && message.to === peer,
  );
}
