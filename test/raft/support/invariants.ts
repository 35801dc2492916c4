import type {
  AppendResponse,
  Entry,
  HardState,
  LogIndex,
  Message,
  PersistBatch,
  Ready,
  ServerId,
} from "../../../src/raft/index.ts";
import { majorityOf } from "../../../src/raft/quorum.ts";
import type { Observer } from "./observer.ts";
import type { SimLog } from "./sim-log.ts";
import type { SimServer } from "./sim-server.ts";

/** A promise of the algorithm was broken. */
export class InvariantViolation extends Error {
  override readonly name: string = "InvariantViolation";
}

function check(holds: boolean, rule: () => string): void {
  if (!holds) throw new InvariantViolation(rule());
}

/** What a run came to, so that a test can see that it was not about nothing. */
export interface Tally {
  elections: number;
  committed: number;
  /** Entries that gave way to a later leader's. */
  cut: number;
  readsConfirmed: number;
  readsRefused: number;
  heldMessages: number;
  crashes: number;
}

interface OpenRead {
  readonly server: ServerId;
  /** What was committed somewhere before the read was asked. */
  readonly floor: LogIndex;
}

/**
 * Sees all that the servers of a cluster do, and knows what none of them can know: the entries that are committed,
 * and what lies on each disk. Throws `InvariantViolation` at the first step that breaks a safety property (figure 3
 * of the Raft paper and RAFT_CHECKLIST, "Invariants").
 */
export class Invariants implements Observer {
  readonly tally: Tally = {
    elections: 0,
    committed: 0,
    cut: 0,
    readsConfirmed: 0,
    readsRefused: 0,
    heldMessages: 0,
    crashes: 0,
  };
  readonly openReads: Map<number, OpenRead> = new Map();
  private readonly servers = new Map<ServerId, SimServer>();
  /** Who leads or led a term, with the incarnation that did. */
  private readonly leaders = new Map<number, string>();
  /** By index and term: the one entry that may be there, and the term of the one before it. */
  private readonly known: Map<number, { entry: Entry; prevTerm: number }>[] = [];
  /** By index: the entry that is committed there. */
  private readonly committed: Entry[] = [];
  private readonly leading = new Map<ServerId, number>();
  private readonly lastBatch = new Map<ServerId, HardState>();
  private readonly shownTerm = new Map<ServerId, number>();
  private readonly votes = new Map<string, ServerId>();

  get commitIndex(): LogIndex {
    return Math.max(0, this.committed.length - 1);
  }

  started(server: SimServer): void {
    this.servers.set(server.id, server);
    const { hardState, log } = server.disk;
    this.lastBatch.set(server.id, hardState);
    if (server.incarnation === 1) {
      for (const entry of log.entries) this.register(log, entry);
      return;
    }
    check(server.raft.term === hardState.currentTerm, () => `server ${server.id} forgot its term`);
    const shown = this.shownTerm.get(server.id) ?? 0;
    check(
      server.raft.term >= shown,
      () => `server ${server.id} is back before term ${shown}, which it has shown`,
    );
    const { commitIndex } = server.raft;
    check(
      commitIndex <= this.commitIndex,
      () => `server ${server.id} starts with uncommitted ${commitIndex} as committed`,
    );
    for (let index = log.prevIndex + 1; index <= commitIndex; index++) this.checkCommitted(server, index);
  }

  crashed(server: SimServer): void {
    this.tally.crashes += 1;
    this.leading.delete(server.id);
    for (const [id, read] of this.openReads) if (read.server === server.id) this.openReads.delete(id);
  }

  settled(server: SimServer, ready: Ready, cut: readonly Entry[]): void {
    if (ready.persist !== null) this.checkBatch(server, ready.persist, cut);
    this.checkLeadership(server);
    check(ready.commitIndex >= server.commitIndex, () => `the commit index of server ${server.id} went back`);
    for (let index = server.commitIndex + 1; index <= ready.commitIndex; index++) this.commit(server, index);
    this.checkDiscard(server, ready.discardIndex);
    for (const read of ready.confirmedReads) this.confirmRead(server, read.id, read.index);
    for (const id of ready.refusedReads) {
      check(this.openReads.delete(id), () => `read ${id} was answered twice`);
      this.tally.readsRefused += 1;
    }
  }

  held(): void {
    this.tally.heldMessages += 1;
  }

  /** Nothing may be said before it is on disk (checklist 1): a message is compared with the durable image. */
  sent(server: SimServer, message: Message): void {
    const isPreVote = (message.kind === "voteRequest" || message.kind === "voteResponse") && message.preVote;
    if (!isPreVote) this.showTerm(server, message.term);
    if (message.kind === "voteRequest" && !isPreVote) this.vote(server, message.term, server.id);
    if (message.kind === "voteResponse" && !isPreVote && message.granted) {
      this.vote(server, message.term, message.to);
    }
    if (message.kind === "appendResponse" && message.success) this.acknowledge(server, message);
  }

  completed(server: SimServer, batch: PersistBatch, cut: readonly Entry[]): void {
    this.checkCut(server, cut, "on disk");
    const { lastTerm } = server.disk.log;
    check(
      lastTerm <= batch.hardState.currentTerm,
      () => `an entry of term ${lastTerm} is on the disk of server ${server.id} before its term is`,
    );
  }

  asked(server: SimServer, id: number): void {
    this.openReads.set(id, { server: server.id, floor: this.commitIndex });
  }

  /** Term and vote never go back, and no entry is ahead of its term (checklist 2–4). */
  private checkBatch(server: SimServer, batch: PersistBatch, cut: readonly Entry[]): void {
    const before = this.lastBatch.get(server.id)!;
    const { currentTerm, votedFor } = batch.hardState;
    check(currentTerm >= before.currentTerm, () => `the term of server ${server.id} went back`);
    check(
      currentTerm > before.currentTerm || before.votedFor === 0 || before.votedFor === votedFor,
      () => `server ${server.id} changed its vote in term ${currentTerm}`,
    );
    this.lastBatch.set(server.id, batch.hardState);
    for (const entry of batch.entries) this.register(server.log, entry);
    const isSameLeader = server.raft.role === "leader" && this.leading.get(server.id) === server.raft.term;
    check(cut.length === 0 || !isSameLeader, () => `leader ${server.id} cut its own log`);
    this.checkCut(server, cut, "in memory");
    this.tally.cut += cut.length;
  }

  /** Log matching: an index and a term name one entry, and all entries before it. */
  private register(log: SimLog, entry: Entry): void {
    this.known[entry.index] ??= new Map();
    const atIndex = this.known[entry.index]!;
    const prevTerm = log.termAt(entry.index - 1) ?? 0;
    const known = atIndex.get(entry.term);
    if (known === undefined) {
      atIndex.set(entry.term, { entry, prevTerm });
      return;
    }
    check(
      known.entry === entry && known.prevTerm === prevTerm,
      () => `two logs differ at or before their entry ${entry.index} of term ${entry.term}`,
    );
  }

  /** A committed entry stays. */
  private checkCut(server: SimServer, cut: readonly Entry[], where: string): void {
    for (const entry of cut) {
      check(
        this.committed[entry.index] !== entry,
        () => `server ${server.id} lost the committed entry ${entry.index} ${where}`,
      );
    }
  }

  /** Election safety, and leader completeness at the moment of the election. */
  private checkLeadership(server: SimServer): void {
    if (server.raft.role !== "leader") {
      this.leading.delete(server.id);
      return;
    }
    const { term } = server.raft;
    if (this.leading.get(server.id) === term) return;
    check(!this.leaders.has(term), () => `${server.id} and ${this.leaders.get(term)} both led term ${term}`);
    this.leaders.set(term, `${server.id} (start ${server.incarnation})`);
    this.leading.set(server.id, term);
    this.tally.elections += 1;
    for (let index = server.log.prevIndex + 1; index <= this.commitIndex; index++) {
      this.checkCommitted(server, index);
    }
  }

  private checkCommitted(server: SimServer, index: LogIndex): void {
    check(
      server.log.at(index) === this.committed[index],
      () => `server ${server.id} lacks the committed entry ${index}`,
    );
  }

  private commit(server: SimServer, index: LogIndex): void {
    const entry = server.log.at(index);
    check(entry !== undefined, () => `server ${server.id} commits ${index}, which it does not have`);
    if (this.committed[index] !== undefined) {
      this.checkCommitted(server, index);
      return;
    }
    this.committed[index] = entry!;
    this.tally.committed += 1;
    this.checkDurableMajority(entry!);
    for (const [id, term] of this.leading) {
      if (term > server.raft.term) this.checkCommitted(this.servers.get(id)!, index);
    }
  }

  private checkDurableMajority(entry: Entry): void {
    let copies = 0;
    for (const { disk } of this.servers.values()) {
      if (disk.log.prevIndex >= entry.index || disk.log.at(entry.index) === entry) copies += 1;
    }
    check(
      copies >= majorityOf(this.servers.size),
      () => `entry ${entry.index} of term ${entry.term} is committed with ${copies} copies on disk`,
    );
  }

  /** What is said to be on all disks is on all disks. */
  private checkDiscard(server: SimServer, discardIndex: LogIndex): void {
    if (discardIndex === server.discardIndex) return;
    check(discardIndex > server.discardIndex, () => `the discard index of server ${server.id} went back`);
    for (const { id, disk } of this.servers.values()) {
      check(
        disk.log.prevIndex >= discardIndex || disk.log.at(discardIndex) === server.log.at(discardIndex),
        () => `server ${server.id} would discard ${discardIndex}, which server ${id} does not have on disk`,
      );
    }
  }

  /** A read sees all that was committed, to anyone's knowledge, before it was asked (checklist 17, 18). */
  private confirmRead(server: SimServer, id: number, index: LogIndex): void {
    const read = this.openReads.get(id);
    check(read !== undefined && read.server === server.id, () => `read ${id} was answered twice`);
    check(
      index >= read!.floor,
      () => `read ${id} may be answered at ${index}, but ${read!.floor} was committed before it was asked`,
    );
    check(index <= this.commitIndex, () => `read ${id} waits for ${index}, which is not committed`);
    this.openReads.delete(id);
    this.tally.readsConfirmed += 1;
  }

  /**
   * What is acknowledged is on disk. A server that has gone on to a later term is let off: entries of the earlier one
   * may have given way before they were written. The later leader lacks them, so they were never to be committed.
   */
  private acknowledge(server: SimServer, { term, matchIndex }: AppendResponse): void {
    if (server.raft.term > term) return;
    const { log } = server.disk;
    check(
      log.lastIndex >= matchIndex,
      () => `server ${server.id} acknowledges ${matchIndex} with ${log.lastIndex} on disk`,
    );
    check(
      matchIndex <= log.prevIndex || log.at(matchIndex) === server.log.at(matchIndex),
      () => `server ${server.id} acknowledges ${matchIndex} with another entry there on disk`,
    );
  }

  private showTerm(server: SimServer, term: number): void {
    const durable = server.disk.hardState.currentTerm;
    check(durable >= term, () => `server ${server.id} shows term ${term} with ${durable} on disk`);
    this.shownTerm.set(server.id, Math.max(term, this.shownTerm.get(server.id) ?? 0));
  }

  /** One vote a term, and none before it is on disk. */
  private vote(server: SimServer, term: number, candidate: ServerId): void {
    const { currentTerm, votedFor } = server.disk.hardState;
    check(
      currentTerm > term || votedFor === candidate,
      () => `server ${server.id} votes for ${candidate} in term ${term} with ${votedFor} on disk`,
    );
    const key = `${server.id} in ${term}`;
    const before = this.votes.get(key);
    check(
      before === undefined || before === candidate,
      () => `server ${key} votes for ${before} and ${candidate}`,
    );
    this.votes.set(key, candidate);
  }
}
