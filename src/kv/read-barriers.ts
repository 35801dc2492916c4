import type { ConfirmedRead, LogIndex, Raft, ServerId, Term } from "../raft/index.ts";
import type { LeaderLine } from "./leader-line.ts";
import type { Clock } from "./ports.ts";

export interface ReadBarriersOptions {
  readonly raft: Pick<Raft, "role" | "leader" | "readIndex" | "learnCommit">;
  readonly line: Pick<LeaderLine, "readIndex">;
  readonly clock: Clock;
  /** Asks for a `flush` at the end of this turn. */
  readonly wake: () => void;
  readonly appliedIndex: () => LogIndex;
  /** A reader gets an answer within so long, whatever happens. */
  readonly requestTimeoutMs: number;
}

interface Reader {
  readonly resolve: (passed: boolean) => void;
  readonly deadlineMs: number;
}

/** Readers that are confirmed, and pass when the entries up to `index` are applied. */
interface RipeReaders {
  readers: Reader[];
  readonly index: LogIndex;
}

/** A question to another server on behalf of readers here. */
interface Question {
  readonly leader: ServerId;
  readers: Reader[];
}

/** A question that is put to the consensus core, for readers here or for a follower that asks. */
type Confirmation =
  | { readonly kind: "readers"; readers: Reader[] }
  | {
      readonly kind: "peer";
      readonly resolve: (index: LogIndex | null) => void;
      readonly deadlineMs: number;
    };

/**
 * Linearizable reads on every server (dissertation §6.4): a reader passes once the leader has confirmed that it
 * leads, and this server has applied what was committed then. Readers of one turn share one confirmation; on a
 * follower one question to the leader is on its way at a time, and who comes meanwhile shares the next.
 */
export class ReadBarriers {
  private readonly options: ReadBarriersOptions;
  private waiting: Reader[] = [];
  /** By the id of the question. */
  private readonly confirming = new Map<number, Confirmation>();
  private question: Question | null = null;
  private ripe: RipeReaders[] = [];
  private nextId = 1;
  private stopped = false;

  constructor(options: ReadBarriersOptions) {
    this.options = options;
  }

  /** Resolves with true when a linearizable read may be made here, with false when that cannot be had in time. */
  pass(): Promise<boolean> {
    if (this.stopped) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.waiting.push({ resolve, deadlineMs: this.deadlineMs() });
      this.options.wake();
    });
  }

  /** The read index for a follower that asks; null when this server does not lead, or cannot show that it does. */
  readIndexForPeer(): Promise<LogIndex | null> {
    const id = this.nextId++;
    if (this.stopped || !this.options.raft.readIndex(id)) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.confirming.set(id, { kind: "peer", resolve, deadlineMs: this.deadlineMs() });
      this.options.wake();
    });
  }

  flush(): void {
    const { raft } = this.options;
    if (this.question !== null && raft.leader !== 0 && raft.leader !== this.question.leader)
      this.leaveFormerLeader(this.question);
    if (this.waiting.length === 0) return;
    if (raft.role === "leader") {
      const id = this.nextId++;
      raft.readIndex(id);
      this.confirming.set(id, { kind: "readers", readers: this.takeWaiting() });
    } else if (raft.leader !== 0 && this.question === null) {
      void this.ask({ leader: raft.leader, readers: this.takeWaiting() });
    }
  }

  confirmed({ id, index }: ConfirmedRead): void {
    const confirmation = this.takeConfirmation(id);
    if (confirmation?.kind === "peer") confirmation.resolve(index);
    else if (confirmation !== undefined) this.ripen(confirmation.readers, index);
  }

  /** This server lost its leadership before it could confirm: the readers ask the next leader. */
  refused(id: number): void {
    const confirmation = this.takeConfirmation(id);
    if (confirmation?.kind === "peer") confirmation.resolve(null);
    else if (confirmation !== undefined) this.waitAgain(confirmation.readers);
  }

  /** Entries up to `index` are applied. */
  applied(index: LogIndex): void {
    if (this.ripe.length === 0) return;
    const unripe = this.ripe.filter((ripe) => ripe.index > index);
    for (const ripe of this.ripe) if (ripe.index <= index) settle(ripe.readers, true);
    this.ripe = unripe;
  }

  /** Turns away the readers whose time is over. */
  sweep(nowMs: number): void {
    this.waiting = withoutLate(this.waiting, nowMs);
    if (this.question !== null) this.question.readers = withoutLate(this.question.readers, nowMs);
    for (const ripe of this.ripe) ripe.readers = withoutLate(ripe.readers, nowMs);
    for (const [id, confirmation] of this.confirming) {
      if (confirmation.kind === "readers") {
        confirmation.readers = withoutLate(confirmation.readers, nowMs);
      } else if (confirmation.deadlineMs <= nowMs) {
        this.confirming.delete(id);
        confirmation.resolve(null);
      }
    }
  }

  /** The server stops: all are turned away, and whoever comes later at once. */
  stop(): void {
    this.stopped = true;
    this.sweep(Number.POSITIVE_INFINITY);
    this.question = null;
  }

  private async ask(question: Question): Promise<void> {
    const { line, clock, raft, wake } = this.options;
    this.question = question;
    const lastDeadlineMs = question.readers[question.readers.length - 1]!.deadlineMs;
    let answer: { index: LogIndex; term: Term } | null = null;
    try {
      answer = await line.readIndex(question.leader, Math.max(1, lastDeadlineMs - clock.nowMs()));
    } catch {
      // No answer: the readers wait for the next leader, or for this one to come back.
    }
    if (this.question !== question) return;
    this.question = null;
    if (answer === null) {
      this.waitAgain(question.readers);
      return;
    }
    raft.learnCommit(answer.term, answer.index);
    this.ripen(question.readers, answer.index);
    wake();
  }

  /** Another server leads than the one that was asked, whose answer may never come. */
  private leaveFormerLeader({ readers }: Question): void {
    this.question = null;
    this.waitAgain(readers);
  }

  private ripen(readers: Reader[], index: LogIndex): void {
    if (index <= this.options.appliedIndex()) settle(readers, true);
    else this.ripe.push({ readers, index });
  }

  private waitAgain(readers: Reader[]): void {
    this.waiting = readers.concat(this.waiting);
  }

  private takeWaiting(): Reader[] {
    const taken = this.waiting;
    this.waiting = [];
    return taken;
  }

  private takeConfirmation(id: number): Confirmation | undefined {
    const confirmation = this.confirming.get(id);
    this.confirming.delete(id);
    return confirmation;
  }

  private deadlineMs(): number {
    return this.options.clock.nowMs() + this.options.requestTimeoutMs;
  }
}

/** Turns the readers away whose time is over, and returns the others. */
function withoutLate(readers: Reader[], nowMs: number): Reader[] {
  if (readers.every(({ deadlineMs }) => deadlineMs > nowMs)) return readers;
  settle(
    readers.filter(({ deadlineMs }) => deadlineMs <= nowMs),
    false,
  );
  return readers.filter(({ deadlineMs }) => deadlineMs > nowMs);
}

function settle(readers: readonly Reader[], passed: boolean): void {
  for (const { resolve } of readers) resolve(passed);
}
