import type {
  AppendDirective,
  AppendRequest,
  AppendResponse,
  Entry,
  Message,
  OutgoingMessage,
  Raft,
  RaftStatus,
  Role,
  ServerId,
  Term,
  VoteRequest,
  VoteResponse,
} from "../raft/index.ts";
import type { Checkpointer } from "./checkpointer.ts";
import type { Log } from "./log/log.ts";
import type { LogTime } from "./log-time.ts";
import { Outbox } from "./outbox.ts";
import type { Clock } from "./ports.ts";
import type { ReadBarriers } from "./read-barriers.ts";
import type { ReplicaCounter } from "./replica-counter.ts";
import type { StateMachine } from "./state-machine.ts";
import type { WriteQueue } from "./write-queue.ts";

/** Time between two ticks of the consensus core. */
export const TICK_MS = 10;

/** Ticks between two looks for clients whose time is over. */
const SWEEP_TICKS = 10;

/** A long log is applied in slices, so that heartbeats go on. */
const APPLY_SLICE_BYTES = 4 << 20;

export type ResponseMessage = VoteResponse | AppendResponse;

/** Brings requests to other servers, see `Peer`; what comes of each is reported by `receive` or `lost`. */
export interface Carrier {
  send(request: VoteRequest | AppendRequest | Extract<Message, { kind: "timeoutNow" }>): void;
}

/** What the operator should know of. */
export interface NodeEvents {
  onRoleChange(role: Role, leader: ServerId, term: Term): void;
  /** This server stops, and has asked another one to lead. */
  onHandOver(to: ServerId): void;
  /**
   * The disk failed or returns what was not written, or the program has a fault: the process must end at once,
   * without another word to anyone.
   */
  onFailure(error: unknown): void;
}

/** A request of another server that waits for its answer. */
interface Responder {
  readonly resolve: (response: ResponseMessage) => void;
  readonly reject: (error: Error) => void;
}

export interface NodeParts {
  readonly raft: Raft;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly writes: WriteQueue;
  readonly reads: ReadBarriers;
  readonly replicas: ReplicaCounter;
  readonly checkpointer: Checkpointer;
  readonly logTime: LogTime;
  readonly carrier: Carrier;
  readonly clock: Clock;
  readonly events: NodeEvents;
}

/**
 * The I/O loop around the consensus core: does what `Ready` says, once a turn of the event loop.
 *
 * A turn collects inputs (calls, answers, ticks, finished writes). At its end `pump` proposes what clients asked
 * for, takes one Ready for all of it, starts one write to the log, sends, applies and answers. What comes together
 * so shares a disk write and a message to each peer, without a timer.
 */
export class Node {
  private readonly parts: NodeParts;
  private readonly outbox: Outbox;
  private readonly responders = new Map<number, Responder>();
  private nextReplyTo = 1;
  private pumpIsDue = false;
  private isApplying = false;
  private isStopped = false;
  private ticks = 0;
  private cancelTick: () => void = () => {};
  private seenRole: Role = "follower";
  private seenLeader: ServerId = 0;

  constructor(parts: NodeParts) {
    this.parts = parts;
    this.outbox = new Outbox((message) => this.dispatch(message));
    parts.log.onDurable = (batchId) => this.persisted(batchId);
    parts.log.onFailure = (error) => this.fail(error);
  }

  get status(): RaftStatus {
    return this.parts.raft.status();
  }

  start(): void {
    this.parts.raft.suspectLeader(0);
    this.scheduleTick();
    this.wake();
  }

  /** Ends all activity; what waits is answered. The log and the store are not closed. */
  stop(): void {
    this.isStopped = true;
    this.cancelTick();
    this.parts.writes.stop();
    this.parts.reads.stop();
    this.parts.replicas.stop();
    for (const { reject } of this.responders.values()) reject(stopping());
    this.responders.clear();
  }

  /** Asks for a `pump` at the end of this turn. */
  wake(): void {
    if (this.pumpIsDue || this.isStopped) return;
    this.pumpIsDue = true;
    this.parts.clock.endOfTurn(() => this.attempt(() => this.pump()));
  }

  /** A request of another server. Resolves when the answer may leave, that is, when it is as durable as it says. */
  request(message: VoteRequest | AppendRequest): Promise<ResponseMessage> {
    if (this.isStopped) return Promise.reject(stopping());
    return new Promise((resolve, reject) => {
      const replyTo = this.nextReplyTo++;
      this.responders.set(replyTo, { resolve, reject });
      this.receive({ ...message, replyTo });
    });
  }

  /** An answer, or a request that wants none. */
  receive(message: Message): void {
    if (this.isStopped) return;
    this.attempt(() => this.parts.raft.receive(message));
    this.wake();
  }

  /** A request to `server` will get no answer. */
  lost(server: ServerId): void {
    this.parts.raft.unreachable(server);
    this.wake();
  }

  /** The connection to `server` broke and cannot be made again. */
  gone(server: ServerId): void {
    this.parts.raft.suspectLeader(server);
    this.wake();
  }

  /** Hands leadership over, if this server leads; resolves when another server does, or after a while. */
  async leave(timeoutMs: number): Promise<void> {
    const { raft, clock } = this.parts;
    if (raft.role !== "leader") return;
    const deadlineMs = clock.nowMs() + timeoutMs;
    while (raft.role === "leader" || raft.leader === 0) {
      if (clock.nowMs() >= deadlineMs || !this.tryHandOver()) return;
      await new Promise<void>((resolve) => {
        clock.after(TICK_MS, resolve);
      });
    }
  }

  /** Asks a server to take over, unless one has been asked. Returns false when there is none to ask. */
  private tryHandOver(): boolean {
    const { raft, events } = this.parts;
    if (raft.role !== "leader" || raft.isTransferring) return true;
    const target = raft.transferLeadership();
    if (target === 0) return false;
    events.onHandOver(target);
    this.wake();
    return true;
  }

  private pump(): void {
    this.pumpIsDue = false;
    if (this.isStopped) return;
    const { raft, log, writes, reads, replicas, checkpointer } = this.parts;
    this.noticeRole();
    writes.flush();
    reads.flush();
    const ready = raft.takeReady();
    if (ready.persist !== null) log.append(ready.persist);
    this.outbox.post(ready.messages);
    for (const read of ready.confirmedReads) reads.confirmed(read);
    for (const id of ready.refusedReads) reads.refused(id);
    this.apply();
    replicas.check();
    checkpointer.consider(ready.discardIndex);
    this.noticeRole();
  }

  private persisted(batchId: number): void {
    if (this.isStopped) return;
    this.parts.raft.persisted(batchId);
    this.outbox.persisted(batchId);
    this.wake();
  }

  /** Applies what is committed, a slice now and the rest in later turns. */
  private apply(): void {
    const { raft, log, machine } = this.parts;
    if (this.isApplying || machine.appliedIndex >= raft.commitIndex) return;
    const entries = log.entriesFrom(machine.appliedIndex + 1, raft.commitIndex, APPLY_SLICE_BYTES);
    if (entries instanceof Promise) {
      this.isApplying = true;
      entries.then(
        (read) => {
          this.isApplying = false;
          this.attempt(() => this.applyEntries(read));
        },
        (error: unknown) => this.fail(error),
      );
    } else {
      this.applyEntries(entries);
    }
  }

  private applyEntries(entries: readonly Entry[]): void {
    if (this.isStopped) return;
    const { raft, machine, writes, reads, logTime } = this.parts;
    for (const entry of entries) {
      const outcome = machine.apply(entry);
      writes.applied(entry.index, entry.term, outcome);
    }
    if (this.seenRole === "leader") logTime.atLeast(machine.logTimeMs);
    reads.applied(machine.appliedIndex);
    if (machine.appliedIndex < raft.commitIndex) this.wake();
  }

  /** Sends a request, or answers one. */
  private dispatch(message: OutgoingMessage): void {
    switch (message.kind) {
      case "voteResponse":
      case "appendResponse":
        this.responders.get(message.replyTo)?.resolve(message);
        this.responders.delete(message.replyTo);
        break;
      case "appendRequest":
        this.sendEntries(message);
        break;
      default:
        this.parts.carrier.send(message);
    }
  }

  private sendEntries(directive: AppendDirective): void {
    const { log, carrier } = this.parts;
    const { lastIndex, ...header } = directive;
    if (lastIndex === header.prevIndex) {
      carrier.send({ ...header, entries: [] });
      return;
    }
    const entries = log.entriesFrom(header.prevIndex + 1, lastIndex, Number.POSITIVE_INFINITY);
    if (entries instanceof Promise) void this.sendFromDisk(directive, entries);
    else carrier.send({ ...header, entries });
  }

  /** For a follower that is far behind. Leadership may be lost while the disk is read; then nothing is sent. */
  private async sendFromDisk(directive: AppendDirective, reading: Promise<readonly Entry[]>): Promise<void> {
    const { log, raft, carrier } = this.parts;
    const { lastIndex, ...header } = directive;
    try {
      const entries = [...(await reading)];
      while (header.prevIndex + entries.length < lastIndex) {
        if (raft.role !== "leader" || raft.term !== header.term) break;
        const from = header.prevIndex + entries.length + 1;
        entries.push(...(await log.entriesFrom(from, lastIndex, Number.POSITIVE_INFINITY)));
      }
      if (raft.role === "leader" && raft.term === header.term && !this.isStopped)
        carrier.send({ ...header, entries });
    } catch (error) {
      this.fail(error);
    }
  }

  private noticeRole(): void {
    const { raft, writes, logTime, machine, events } = this.parts;
    const { role, leader } = raft;
    if (role === this.seenRole && leader === this.seenLeader) return;
    if (this.seenRole === "leader" && role !== "leader") writes.leadershipLost();
    if (this.seenRole !== "leader" && role === "leader") logTime.continueFrom(machine.logTimeMs);
    this.seenRole = role;
    this.seenLeader = leader;
    events.onRoleChange(role, leader, raft.term);
    this.wake();
  }

  private scheduleTick(): void {
    this.cancelTick = this.parts.clock.after(TICK_MS, () => this.attempt(() => this.tick()));
  }

  private tick(): void {
    if (this.isStopped) return;
    this.scheduleTick();
    this.parts.raft.tick();
    this.ticks += 1;
    if (this.ticks % SWEEP_TICKS === 0) this.sweep();
    this.wake();
  }

  private sweep(): void {
    const { clock, writes, reads, log } = this.parts;
    const nowMs = clock.nowMs();
    writes.sweep(nowMs);
    reads.sweep(nowMs);
    log.retry();
  }

  private fail(error: unknown): void {
    if (this.isStopped) return;
    this.stop();
    this.parts.events.onFailure(error);
  }

  /** What cannot be gone on with in the middle of it, for example an entry that is no command, ends the server. */
  private attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.fail(error);
    }
  }
}

function stopping(): Error {
  return new Error("the server is stopping");
}
