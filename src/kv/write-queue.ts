import type { LogIndex, Raft, ServerId, Term } from "../raft/index.ts";
import { decodeXdr } from "../xdr/index.ts";
import { commandArgs, encodeCommand, PUT, stampCommand, type WriteProc } from "./command.ts";
import { type KvDeleteRes, type KvPutRes, KvStatus, kvDeleteResCodec, kvPutResCodec } from "./gen/kv.ts";
import type { LeaderLine } from "./leader-line.ts";
import type { Clock } from "./ports.ts";
import { refusedWrite, type WriteOutcome } from "./write-outcome.ts";

/** The answer to a write: computed here, or by the leader to which the call was handed (its XDR result). */
export type WriteAnswer = WriteOutcome | Uint8Array;

/** A write whose client waits. */
interface PendingWrite {
  readonly proc: WriteProc;
  /** Once proposed, these bytes are the log's: they are on their way to disks and servers, and must not change. */
  command: Buffer;
  /** It carries a session, so it may be tried again though an earlier try may have been applied. */
  readonly exactlyOnce: boolean;
  readonly deadlineMs: number;
  readonly resolve: (answer: WriteAnswer) => void;
  /** In which term it was proposed here last; 0: it never was. */
  term: Term;
  /** An earlier try may have been applied. */
  uncertain: boolean;
}

interface ProposedWrite {
  readonly index: LogIndex;
  readonly write: PendingWrite;
}

/** A write in the hands of another server, which leads or did. */
interface Forward {
  readonly write: PendingWrite;
  readonly leader: ServerId;
}

export interface WriteQueueOptions {
  readonly raft: Pick<Raft, "role" | "leader" | "propose">;
  readonly line: Pick<LeaderLine, "forward">;
  readonly clock: Clock;
  /** Asks for a `flush` at the end of this turn. */
  readonly wake: () => void;
  /** The time to stamp commands with; see `LogTime`. */
  readonly logTimeMs: () => number;
  /** False: entries of so many bytes in all do not fit on the disk. */
  readonly hasRoomFor: (bytes: number, entries: number) => boolean;
  /** A client gets an answer within so long, whatever happens. */
  readonly requestTimeoutMs: number;
  /** Commands that wait to be proposed, here or by the leader, in bytes; beyond, writes are answered KV_BUSY. */
  readonly waitingBytesLimit: number;
}

/**
 * Writes on their way into the log. A write waits here until this server can propose it (when it leads) or hand it
 * to the leader, then until its entry is applied; if leadership moves meanwhile it is tried again where that cannot
 * apply it twice. What cannot be known is answered KV_UNCERTAIN, never as a plain failure.
 */
export class WriteQueue {
  private readonly options: WriteQueueOptions;
  private waiting: PendingWrite[] = [];
  private waitingBytes = 0;
  /** Proposed in this term of office, by the index of their entries. */
  private readonly proposed = new Map<LogIndex, PendingWrite>();
  /** Proposed in earlier ones, without a session: what becomes of their entries must be awaited. */
  private undecided: ProposedWrite[] = [];
  /** Calls to the leader whose answers are awaited. */
  private readonly forwards = new Set<Forward>();
  private forwardedBytes = 0;
  /** The leader that was asked last. */
  private askedLeader: ServerId = 0;
  private stopped = false;

  constructor(options: WriteQueueOptions) {
    this.options = options;
  }

  /** Writes that are not answered yet. */
  get size(): number {
    return this.waiting.length + this.proposed.size + this.undecided.length + this.forwards.size;
  }

  /** @param argBytes  the XDR form of valid arguments; copied */
  submit(proc: WriteProc, argBytes: Uint8Array, exactlyOnce: boolean): Promise<WriteAnswer> {
    const { clock, requestTimeoutMs, waitingBytesLimit, wake } = this.options;
    if (this.stopped) return Promise.resolve(refusedWrite(KvStatus.KV_UNAVAILABLE));
    if (this.waitingBytes + this.forwardedBytes > waitingBytesLimit)
      return Promise.resolve(refusedWrite(KvStatus.KV_BUSY));
    const command = encodeCommand(proc, argBytes);
    const deadlineMs = clock.nowMs() + requestTimeoutMs;
    return new Promise((resolve) => {
      this.enqueue({ proc, command, exactlyOnce, deadlineMs, resolve, term: 0, uncertain: false });
      wake();
    });
  }

  /** Moves what waits: into the log, when this server leads; to the leader, when it is known. */
  flush(): void {
    const { raft } = this.options;
    if (raft.leader !== 0 && raft.leader !== this.askedLeader) this.leaveFormerLeader(raft.leader);
    if (this.waiting.length === 0) return;
    if (raft.role === "leader") this.proposeWaiting();
    else if (raft.leader !== 0) this.forwardWaiting(raft.leader);
  }

  /** The entry at `index` was applied with this outcome (null: it was no write). */
  applied(index: LogIndex, term: Term, outcome: WriteOutcome | null): void {
    const write = this.proposed.get(index);
    if (write !== undefined) {
      this.proposed.delete(index);
      this.decide(write, term, outcome);
    }
    if (this.undecided.length > 0) this.decideEarlier(index, term, outcome);
  }

  /**
   * This server does not lead any more. Its writes may be lost or may be applied later by the next leader: those
   * with a session are tried again at once, the others when their index is applied. That can be long after this
   * server has proposed something else there in another term of office.
   */
  leadershipLost(): void {
    for (const [index, write] of this.proposed) {
      if (write.exactlyOnce) {
        this.tryAgainUncertain(write);
      } else {
        this.undecided.push({ index, write });
      }
    }
    this.proposed.clear();
  }

  /** Answers the writes whose time is over. */
  sweep(nowMs: number): void {
    if (this.waiting.some((write) => write.deadlineMs <= nowMs)) {
      const kept = this.waiting.filter((write) => write.deadlineMs > nowMs);
      for (const write of this.waiting) if (write.deadlineMs <= nowMs) giveUp(write);
      this.waiting = kept;
      this.waitingBytes = kept.reduce((bytes, write) => bytes + write.command.length, 0);
    }
    for (const [index, write] of this.proposed) {
      if (write.deadlineMs > nowMs) continue;
      this.proposed.delete(index);
      giveUpUncertain(write);
    }
    if (this.undecided.length === 0) return;
    for (const { write } of this.undecided) if (write.deadlineMs <= nowMs) giveUpUncertain(write);
    this.undecided = this.undecided.filter(({ write }) => write.deadlineMs > nowMs);
  }

  /** The server stops: everything is answered now, and whatever comes later at once. */
  stop(): void {
    this.stopped = true;
    this.sweep(Number.POSITIVE_INFINITY);
    for (const forward of [...this.forwards]) {
      this.endForward(forward);
      giveUpUncertain(forward.write);
    }
  }

  private decide(write: PendingWrite, term: Term, outcome: WriteOutcome | null): void {
    // Another leader's entry stands in its place: it was not applied, and can be tried again.
    if (write.term !== term || outcome === null) this.tryAgain(write);
    else if (isTrueOf(write, outcome.status)) write.resolve(outcome);
    else giveUp(write);
  }

  private decideEarlier(index: LogIndex, term: Term, outcome: WriteOutcome | null): void {
    const here = this.undecided.filter((proposed) => proposed.index === index);
    if (here.length === 0) return;
    this.undecided = this.undecided.filter((proposed) => proposed.index !== index);
    for (const { write } of here) this.decide(write, term, outcome);
  }

  private enqueue(write: PendingWrite): void {
    this.waiting.push(write);
    this.waitingBytes += write.command.length;
  }

  private tryAgain(write: PendingWrite): void {
    if (this.stopped || write.deadlineMs <= this.options.clock.nowMs()) {
      giveUp(write);
      return;
    }
    // It will get a time of its own.
    if (write.term !== 0) write.command = Buffer.from(write.command);
    this.enqueue(write);
  }

  private takeWaiting(): PendingWrite[] {
    const taken = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    return taken;
  }

  private proposeWaiting(): void {
    const { raft, hasRoomFor, logTimeMs } = this.options;
    if (!hasRoomFor(this.waitingBytes, this.waiting.length)) {
      for (const write of this.takeWaiting())
        write.resolve(refusedWrite(uncertainOr(write, KvStatus.KV_NO_SPACE)));
      return;
    }
    const nowMs = logTimeMs();
    for (const write of this.waiting) stampCommand(write.command, nowMs);
    const result = raft.propose(this.waiting.map((write) => write.command));
    // While leadership is handed over, or too much is uncommitted, they go on waiting.
    if (result.outcome !== "accepted") return;
    let index = result.firstIndex;
    for (const write of this.takeWaiting()) {
      write.term = result.term;
      this.proposed.set(index++, write);
    }
  }

  private forwardWaiting(leader: ServerId): void {
    for (const write of this.takeWaiting()) void this.forward(write, leader);
  }

  private async forward(write: PendingWrite, leader: ServerId): Promise<void> {
    const { line, clock } = this.options;
    const forward: Forward = { write, leader };
    this.forwards.add(forward);
    this.forwardedBytes += write.command.length;
    try {
      const timeoutMs = Math.max(1, write.deadlineMs - clock.nowMs());
      const result = await line.forward(leader, write.proc, commandArgs(write.command), timeoutMs);
      if (this.endForward(forward)) this.forwarded(write, result);
    } catch {
      if (!this.endForward(forward)) return;
      if (!write.exactlyOnce) giveUpUncertain(write);
      else this.tryAgainUncertain(write);
    }
  }

  /** @param result  null: the other server does not lead, and did nothing */
  private forwarded(write: PendingWrite, result: Uint8Array | null): void {
    if (result === null) this.tryAgain(write);
    else if (!write.uncertain || isTrueOf(write, statusOf(write.proc, result))) write.resolve(result);
    else giveUp(write);
  }

  /** Returns false when its answer is not awaited any more. */
  private endForward(forward: Forward): boolean {
    if (!this.forwards.delete(forward)) return false;
    this.forwardedBytes -= forward.write.command.length;
    return true;
  }

  /**
   * Another server leads than the one that was asked, whose answer may never come. Where that cannot apply a write
   * twice, the new one is asked.
   */
  private leaveFormerLeader(leader: ServerId): void {
    this.askedLeader = leader;
    for (const forward of [...this.forwards]) {
      if (forward.leader === leader || !forward.write.exactlyOnce) continue;
      this.endForward(forward);
      this.tryAgainUncertain(forward.write);
    }
  }

  private tryAgainUncertain(write: PendingWrite): void {
    write.uncertain = true;
    this.tryAgain(write);
  }
}

function giveUpUncertain(write: PendingWrite): void {
  write.uncertain = true;
  giveUp(write);
}

function giveUp(write: PendingWrite): void {
  write.resolve(refusedWrite(uncertainOr(write, KvStatus.KV_UNAVAILABLE)));
}

/** A refusal is only true when no earlier try may have been applied. */
function uncertainOr(write: PendingWrite, status: KvStatus): KvStatus {
  return write.uncertain ? KvStatus.KV_UNCERTAIN : status;
}

/** What came out of the last try holds for all tries, also where an earlier one may have been applied. */
function isTrueOf(write: PendingWrite, status: KvStatus): boolean {
  switch (status) {
    case KvStatus.KV_OK:
    case KvStatus.KV_NOT_FOUND:
    case KvStatus.KV_CONFLICT:
    case KvStatus.KV_SESSION_EXPIRED:
    case KvStatus.KV_SEQUENCE_OLD:
      // By the session table, which would have known the earlier one.
      return true;
    default:
      return !write.uncertain;
  }
}

function statusOf(proc: WriteProc, result: Uint8Array): KvStatus {
  const codec = proc === PUT ? kvPutResCodec : kvDeleteResCodec;
  return decodeXdr<KvPutRes | KvDeleteRes>(codec, result).result.status;
}
