import type { ConfirmedRead, LogIndex, Raft, ServerId, Term } from "../raft/index.ts";
import type { LeaderLine } from "./leader-line.ts";
import type { Clock } from "./ports.ts";

export interface ReadBarriersOptions {
  readonly raft: Raft;
  readonly line: LeaderLine;
  readonly clock: Clock;
  /** Asks for a `flush` at the end of this turn. */
  readonly wake: () => void;
  readonly appliedIndex: () => LogIndex;
  /** A reader gets an answer within so long, whatever happens. */
  readonly requestTimeoutMs: number;
}

type Waiter = (passed: boolean) => void;

/** Readers that came together and are confirmed together. */
interface Batch {
  readonly waiters: Waiter[];
  readonly deadlineMs: number;
}

interface RipeBatch extends Batch {
  readonly index: LogIndex;
}

/** A follower's question on behalf of its own readers. */
interface RemoteQuestion {
  readonly resolve: (index: LogIndex | null) => void;
  readonly deadlineMs: number;
}

/**
 * Linearizable reads on every server (dissertation §6.4): a reader passes once the leader has confirmed that it
 * leads, and this server has applied what was committed then. Readers of one turn share one confirmation; on a
 * follower one question to the leader is on its way at a time, and who comes meanwhile shares the next.
 */
export class ReadBarriers {
  private readonly options: ReadBarriersOptions;
  private waiting: Batch | null = null;
  /** Asked of the consensus core, by the id of the question. */
  private readonly confirming = new Map<number, Batch | RemoteQuestion>();
  /** Confirmed, but not applied so far. */
  private ripe: RipeBatch[] = [];
  private asking = false;
  private nextId = 1;

  constructor(options: ReadBarriersOptions) {
    this.options = options;
  }

  /** Resolves with true when a linearizable read may be made here, with false when that cannot be had in time. */
  pass(): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiting ??= { waiters: [], deadlineMs: this.deadlineMs() };
      this.waiting.waiters.push(resolve);
      this.options.wake();
    });
  }

  /** The read index for a follower that asks; null when this server does not lead, or cannot show that it does. */
  readIndexForPeer(): Promise<LogIndex | null> {
    return new Promise((resolve) => {
      const id = this.nextId++;
      if (!this.options.raft.readIndex(id)) {
        resolve(null);
        return;
      }
      this.confirming.set(id, { resolve, deadlineMs: this.deadlineMs() });
      this.options.wake();
    });
  }

  flush(): void {
    if (this.waiting === null) return;
    const { raft } = this.options;
    if (raft.role === "leader") {
      const id = this.nextId++;
      raft.readIndex(id);
      this.confirming.set(id, this.waiting);
      this.waiting = null;
    } else if (raft.leader !== 0 && !this.asking) {
      const batch = this.waiting;
      this.waiting = null;
      void this.askLeader(raft.leader, batch);
    }
  }

  confirmed({ id, index }: ConfirmedRead): void {
    const asked = this.confirming.get(id);
    this.confirming.delete(id);
    if (asked === undefined) return;
    if ("resolve" in asked) asked.resolve(index);
    else this.ripen(asked, index);
  }

  /** This server lost its leadership before it could confirm: the readers ask the next leader. */
  refused(id: number): void {
    const asked = this.confirming.get(id);
    this.confirming.delete(id);
    if (asked === undefined) return;
    if ("resolve" in asked) asked.resolve(null);
    else this.waitAgain(asked);
  }

  /** Entries up to `index` are applied. */
  applied(index: LogIndex): void {
    if (this.ripe.length === 0) return;
    const unripe = this.ripe.filter((batch) => batch.index > index);
    for (const batch of this.ripe) if (batch.index <= index) settle(batch, true);
    this.ripe = unripe;
  }

  /** Turns away the readers whose time is over. */
  sweep(nowMs: number): void {
    if (this.waiting !== null && this.waiting.deadlineMs <= nowMs) {
      settle(this.waiting, false);
      this.waiting = null;
    }
    for (const [id, asked] of this.confirming) {
      if (asked.deadlineMs > nowMs) continue;
      this.confirming.delete(id);
      if ("resolve" in asked) asked.resolve(null);
      else settle(asked, false);
    }
    const late = this.ripe.filter((batch) => batch.deadlineMs <= nowMs);
    if (late.length === 0) return;
    this.ripe = this.ripe.filter((batch) => batch.deadlineMs > nowMs);
    for (const batch of late) settle(batch, false);
  }

  stop(): void {
    this.sweep(Number.POSITIVE_INFINITY);
  }

  private async askLeader(leader: ServerId, batch: Batch): Promise<void> {
    const { line, clock, raft, wake } = this.options;
    this.asking = true;
    let answer: { index: LogIndex; term: Term } | null = null;
    try {
      answer = await line.readIndex(leader, Math.max(1, batch.deadlineMs - clock.nowMs()));
    } catch {
      // No answer: the readers wait for the next leader, or for this one to come back.
    }
    this.asking = false;
    if (answer === null) {
      this.waitAgain(batch);
      return;
    }
    raft.learnCommit(answer.term, answer.index);
    this.ripen(batch, answer.index);
    wake();
  }

  private ripen(batch: Batch, index: LogIndex): void {
    if (index <= this.options.appliedIndex()) settle(batch, true);
    else this.ripe.push({ ...batch, index });
  }

  private waitAgain(batch: Batch): void {
    if (this.waiting === null) this.waiting = batch;
    else this.waiting = { waiters: batch.waiters.concat(this.waiting.waiters), deadlineMs: batch.deadlineMs };
  }

  private deadlineMs(): number {
    return this.options.clock.nowMs() + this.options.requestTimeoutMs;
  }
}

function settle(batch: Batch, passed: boolean): void {
  for (const resolve of batch.waiters) resolve(passed);
}
