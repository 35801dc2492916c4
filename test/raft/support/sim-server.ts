import type {
  HeldMessage,
  LogIndex,
  Message,
  OutgoingMessage,
  PersistBatch,
  ProposeResult,
  Raft,
  RaftConfig,
  ServerId,
  Term,
} from "../../../src/raft/index.ts";
import type { Observer } from "./observer.ts";
import type { RaftModule } from "./raft-module.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimLog } from "./sim-log.ts";

/** A request that was sent and not answered. */
interface OpenRequest {
  readonly id: number;
  readonly to: ServerId;
  readonly sentAtTick: number;
}

/** A request without an answer is reported as lost after so many ticks of its sender. */
const REQUEST_PATIENCE_TICKS = 6;

/** One server: a core, and an owner that does exactly what `Raft` asks of its owner. */
export class SimServer {
  readonly id: ServerId;
  readonly disk: SimDisk = new SimDisk();
  /** The owner's copy of the log in memory, where AppendEntries take their entries from. */
  log: SimLog = new SimLog();
  commitIndex: LogIndex = 0;
  discardIndex: LogIndex = 0;
  /** Counts the starts of this server. */
  incarnation = 0;
  /** Inputs were given since the last `takeReady`. */
  isDirty = false;
  /** Takes the Ready after each input, rather than after some. */
  isEager = true;
  /** Writes at once what it is given. */
  hasQuickDisk = false;
  private readonly module: RaftModule;
  private readonly config: RaftConfig;
  private readonly observers: readonly Observer[];
  private readonly post: (message: Message) => void;
  private core: Raft | null = null;
  private held: HeldMessage[] = [];
  private reportedId = 0;
  private ticks = 0;
  private requests: OpenRequest[] = [];
  private lastRequestId = 0;

  constructor(
    config: RaftConfig,
    module: RaftModule,
    observers: readonly Observer[],
    post: (message: Message) => void,
  ) {
    this.id = config.id;
    this.config = config;
    this.module = module;
    this.observers = observers;
    this.post = post;
  }

  get isUp(): boolean {
    return this.core !== null;
  }

  get raft(): Raft {
    if (this.core === null) throw new Error(`server ${this.id} is down`);
    return this.core;
  }

  /** Messages that wait for the disk. */
  get heldCount(): number {
    return this.held.length;
  }

  get hasUnreportedWrites(): boolean {
    return this.disk.completedId > this.reportedId;
  }

  start(): void {
    this.incarnation += 1;
    this.log = this.disk.log.copy();
    const config = { ...this.config, seed: this.config.seed + 7919 * this.incarnation };
    this.core = new this.module.Raft(config, this.disk.hardState, this.log.positions(this.module));
    this.commitIndex = this.core.commitIndex;
    this.discardIndex = this.log.prevIndex;
    for (const observer of this.observers) observer.started(this);
  }

  /** @param survivors  so many of the batches under way turn out to be on the disk, though nobody had heard of it */
  crash(survivors: number = 0): void {
    this.core = null;
    for (let i = 0; i < survivors; i++) this.completeOnDisk();
    this.disk.forgetUnderWay();
    this.held = [];
    this.requests = [];
    this.reportedId = 0;
    this.isDirty = false;
    for (const observer of this.observers) observer.crashed(this);
  }

  tick(): void {
    this.ticks += 1;
    this.input((raft) => raft.tick());
    const lost = this.requests.filter((request) => this.ticks - request.sentAtTick >= REQUEST_PATIENCE_TICKS);
    for (const request of lost) this.giveUp(request.id);
  }

  receive(message: Message): void {
    if (message.kind === "appendResponse" || message.kind === "voteResponse") this.close(message.replyTo);
    this.input((raft) => raft.receive(message));
  }

  /** The request with this id will get no answer. */
  giveUp(requestId: number): void {
    const request = this.close(requestId);
    if (request !== undefined) this.unreachable(request.to);
  }

  unreachable(peer: ServerId): void {
    this.input((raft) => raft.unreachable(peer));
  }

  propose(payloads: readonly Uint8Array[]): ProposeResult {
    return this.input((raft) => raft.propose(payloads));
  }

  readIndex(id: number): boolean {
    return this.input((raft) => {
      const taken = raft.readIndex(id);
      if (taken) for (const observer of this.observers) observer.asked(this, id);
      return taken;
    });
  }

  suspectLeader(leader: ServerId): void {
    this.input((raft) => raft.suspectLeader(leader));
  }

  learnCommit(term: Term, index: LogIndex): void {
    this.input((raft) => raft.learnCommit(term, index));
  }

  transferLeadership(to: ServerId = 0): ServerId {
    return this.input((raft) => raft.transferLeadership(to));
  }

  /** Gives up what all members have, as far as it is applied. */
  discard(): void {
    const index = Math.min(this.discardIndex, this.commitIndex);
    this.raft.discardThrough(index);
    this.log.discardThrough(index);
    this.disk.log.discardThrough(index);
  }

  /** The oldest write is done. Its messages leave; the core hears of it now or by `reportWrites`. */
  completeWrite(report: boolean = true): boolean {
    const batch = this.completeOnDisk();
    if (batch === undefined) return false;
    const ripe = this.held.filter((held) => held.after <= batch.id);
    this.held = this.held.filter((held) => held.after > batch.id);
    for (const held of ripe) this.send(held.message);
    if (report) this.reportWrites();
    return true;
  }

  reportWrites(): void {
    if (!this.hasUnreportedWrites) return;
    this.reportedId = this.disk.completedId;
    this.input((raft) => raft.persisted(this.reportedId));
  }

  takeReady(): void {
    const ready = this.raft.takeReady();
    this.isDirty = false;
    const cut = this.log.write(ready.persist?.entries ?? []);
    if (ready.persist !== null) this.disk.write(ready.persist);
    this.discardIndex = ready.discardIndex;
    for (const observer of this.observers) observer.settled(this, ready, cut);
    this.commitIndex = ready.commitIndex;
    for (const held of ready.messages) {
      if (held.after <= this.disk.completedId) {
        this.send(held.message);
      } else {
        this.held.push(held);
        for (const observer of this.observers) observer.held(this, held);
      }
    }
  }

  private completeOnDisk(): PersistBatch | undefined {
    const done = this.disk.complete();
    if (done !== undefined)
      for (const observer of this.observers) observer.completed(this, done.batch, done.cut);
    return done?.batch;
  }

  private input<Result>(give: (raft: Raft) => Result): Result {
    const result = give(this.raft);
    this.isDirty = true;
    if (this.isEager) this.takeReady();
    while (this.hasQuickDisk && this.completeWrite());
    return result;
  }

  private send(outgoing: OutgoingMessage): void {
    const message = this.address(outgoing);
    if (message === null) return;
    for (const observer of this.observers) observer.sent(this, message);
    this.post(message);
  }

  /** Numbers a request, and puts the entries in that it names; null when its term is over, and with it its sense. */
  private address(outgoing: OutgoingMessage): Message | null {
    if (outgoing.kind === "voteRequest") return { ...outgoing, replyTo: this.open(outgoing.to) };
    if (outgoing.kind !== "appendRequest") return outgoing;
    if (outgoing.term !== this.raft.term) return null;
    const { lastIndex, ...header } = outgoing;
    const entries = this.log.between(outgoing.prevIndex + 1, lastIndex);
    return { ...header, replyTo: this.open(outgoing.to), entries };
  }

  private open(to: ServerId): number {
    const id = ++this.lastRequestId;
    this.requests.push({ id, to, sentAtTick: this.ticks });
    return id;
  }

  private close(id: number): OpenRequest | undefined {
    const at = this.requests.findIndex((request) => request.id === id);
    return at < 0 ? undefined : this.requests.splice(at, 1)[0];
  }
}
