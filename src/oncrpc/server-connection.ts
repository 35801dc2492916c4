import type { XdrWriter } from "../xdr/index.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { ByteStream, ByteStreamReceiver } from "./byte-stream.ts";
import type { CallOrigin } from "./call-origin.ts";
import { CorkedOutput } from "./corked-output.ts";
import { CredentialReader } from "./credential.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { RpcProtocolError } from "./errors.ts";
import { logFor } from "./log.ts";
import { RecordReader } from "./record-reader.ts";
import { beginRecord, endRecord } from "./record-writer.ts";
import type { ServerLimits } from "./server-limits.ts";

const log = logFor("oncrpc:server");

/** Replies leave at the end of the turn, or when so many bytes of them have gathered. */
const FLUSH_BYTES = 128 * 1024;
/** A peer that was told that the connection ends has so long to end its side. */
const LINGER_MS = 2000;

/** What the connections of a server share. */
export interface ServerConnectionOwner {
  readonly dispatcher: Dispatcher;
  readonly limits: ServerLimits;
  readonly unfinishedBudget: ByteBudget;
  /** Called once for each connection, when it is closed for whatever reason. */
  onClosed(connection: ServerConnection): void;
}

/**
 * One connection of a server: records in, calls to the dispatcher, replies out.
 *
 * | state | what happens | is left by |
 * |---|---|---|
 * | open | calls are read and answered | the peer ending its side, or `finish` → finishing; `close` → closed |
 * | finishing | nothing is read; calls in flight are answered | the last reply sent → ending |
 * | ending | this side has ended; the peer is given a moment to do so too | its doing so, or the moment's end → closed |
 * | closed | nothing | |
 *
 * While it is open, reading stops when too many calls are in flight or too many replies wait to be taken
 * (`isFull`). Records that had arrived by then wait in `held`.
 */
export class ServerConnection implements ByteStreamReceiver, CallOrigin {
  readonly peer: string;
  readonly credentials: CredentialReader = new CredentialReader();
  private readonly stream: ByteStream;
  private readonly owner: ServerConnectionOwner;
  private readonly limits: ServerLimits;
  private readonly reader: RecordReader;
  private readonly output: CorkedOutput;
  private state: "open" | "finishing" | "ending" | "closed" = "open";
  private callsInFlight = 0;
  private held: readonly Uint8Array[] = [];
  private isPaused = false;
  private hasPeerEnded = false;
  private isTurnScheduled = false;
  private goneListeners: Set<() => void> | undefined;
  /** Calls that could be replied to if there were room for the reply, oldest first. */
  private roomWaiters: (() => void)[] = [];

  /** Moments on the clock of `performance.now()`; undefined: it is not so now. */
  private activeMs: number = performance.now();
  private recordBeganMs: number | undefined;
  private blockedSinceMs: number | undefined;
  private endingSinceMs: number | undefined;

  private readonly turn: () => void = () => {
    this.isTurnScheduled = false;
    this.activeMs = performance.now();
    this.held = this.held.slice(this.serve(this.held));
    this.settle();
  };

  constructor(stream: ByteStream, owner: ServerConnectionOwner) {
    this.peer = stream.peer;
    this.stream = stream;
    this.owner = owner;
    this.limits = owner.limits;
    this.reader = new RecordReader({ ...owner.limits, budget: owner.unfinishedBudget });
    this.output = new CorkedOutput(stream);
    stream.start(this);
  }

  /** Since when nothing has happened on it; undefined when there are calls, halves of records, or replies on it. */
  get idleSinceMs(): number | undefined {
    const isIdle =
      this.callsInFlight === 0 &&
      this.held.length === 0 &&
      !this.reader.isInsideRecord &&
      this.output.unsentBytes === 0;
    return isIdle ? this.activeMs : undefined;
  }

  /** Closes it if it is overdue with something. To be called every now and then. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs, recordTimeoutMs, writeTimeoutMs } = this.limits;
    if (isOver(this.idleSinceMs, idleTimeoutMs, nowMs)) this.close("idle for too long");
    else if (isOver(this.recordBeganMs, recordTimeoutMs, nowMs))
      this.close("a record was not finished in time");
    else if (isOver(this.blockedSinceMs, writeTimeoutMs, nowMs)) this.close("replies were not read in time");
    else if (isOver(this.endingSinceMs, LINGER_MS, nowMs)) this.close("the peer did not end its side");
  }

  /** Reads no more; ends the connection when the calls in flight are answered. */
  finish(): void {
    if (this.state !== "open") return;
    // With nothing under way there is nothing to lose, and no need to wait for the peer to notice.
    if (this.idleSinceMs !== undefined) {
      this.close("the server stops");
      return;
    }
    this.held = [];
    this.state = "finishing";
    this.stream.pause();
    this.settle();
  }

  /** Ends the connection at once. */
  close(reason: string): void {
    if (this.state === "closed") return;
    log("%s: closing: %s", this.peer, reason);
    this.stream.destroy();
    this.gone();
  }

  onData(chunk: Uint8Array): void {
    if (this.state !== "open") return;
    this.activeMs = performance.now();
    const wasInsideRecord = this.reader.isInsideRecord;
    let records: readonly Uint8Array[];
    try {
      records = this.reader.push(chunk);
    } catch (error) {
      this.violated(error);
      return;
    }
    this.timeRecord(wasInsideRecord && records.length === 0);
    this.held = this.held.length > 0 ? [...this.held, ...records] : remainder(records, this.serve(records));
    this.settle();
    if (this.reader.failure !== undefined) this.violated(this.reader.failure);
  }

  onDrain(): void {
    this.blockedSinceMs = undefined;
    this.output.drained();
    this.turn();
  }

  onEnd(): void {
    this.hasPeerEnded = true;
    this.tellGone();
    this.settle();
  }

  onClose(error: Error | undefined): void {
    if (this.state === "closed") return;
    log("%s: closed by the peer%s", this.peer, error === undefined ? "" : `: ${error.message}`);
    this.gone();
  }

  get isOpen(): boolean {
    return this.state !== "closed";
  }

  get writer(): XdrWriter {
    return this.output.writer;
  }

  get hasRoom(): boolean {
    return this.output.unsentBytes < this.limits.unsentLimitBytes;
  }

  room(): Promise<void> {
    return new Promise((resolve) => this.roomWaiters.push(resolve));
  }

  beginReply(): number {
    return beginRecord(this.output.writer);
  }

  endReply(start: number): void {
    endRecord(this.output.writer, start);
  }

  callBegan(): void {
    this.callsInFlight += 1;
  }

  callEnded(): void {
    this.callsInFlight -= 1;
    if (this.isTurnScheduled || this.state === "closed") return;
    this.isTurnScheduled = true;
    process.nextTick(this.turn);
  }

  onGone(listener: () => void): () => void {
    this.goneListeners ??= new Set();
    const { goneListeners } = this;
    goneListeners.add(listener);
    if (this.hasPeerEnded) process.nextTick(() => this.tellGone());
    return () => goneListeners.delete(listener);
  }

  /** Hands records to the dispatcher, as long as there is room for more calls. Returns how many. */
  private serve(records: readonly Uint8Array[]): number {
    let served = 0;
    while (served < records.length && this.state === "open") {
      if (this.output.writer.position >= FLUSH_BYTES || this.isFull()) {
        this.output.flush();
        if (this.isFull()) break;
      }
      const isCall = this.owner.dispatcher.dispatch(records[served]!, this);
      served += 1;
      if (!isCall) this.violated(new RpcProtocolError("BAD_MESSAGE", "a record is not a call"));
    }
    return served;
  }

  private isFull(): boolean {
    return this.callsInFlight >= this.limits.callsInFlightLimit || !this.hasRoom;
  }

  /** Sends the replies of this turn, and sees whether to read on, to pause, or to end. */
  private settle(): void {
    this.output.flush();
    if (this.output.isBlocked) this.blockedSinceMs ??= performance.now();
    // One at a time: only when its reply is written is it known how much room that leaves.
    if (this.hasRoom) this.roomWaiters.shift()?.();
    if (this.hasPeerEnded && this.state === "open" && this.held.length === 0) this.state = "finishing";
    if (this.state === "open") this.pauseOrResume();
    else if (this.state === "finishing" && this.callsInFlight === 0 && this.output.unsentBytes === 0)
      this.end();
  }

  private pauseOrResume(): void {
    const mustPause = this.held.length > 0 || this.isFull();
    if (mustPause === this.isPaused) return;
    this.isPaused = mustPause;
    if (mustPause) {
      this.stream.pause();
      // What the peer cannot send it cannot be late with.
      this.recordBeganMs = undefined;
    } else {
      this.stream.resume();
      this.timeRecord(false);
    }
  }

  private end(): void {
    this.state = "ending";
    this.endingSinceMs = performance.now();
    this.stream.end();
    // Reading on, into nothing, is how the end of the peer's side is seen.
    this.stream.resume();
  }

  /** Notes when the record that is being read began; `isSame`: it is the one that was being read before. */
  private timeRecord(isSame: boolean): void {
    if (!this.reader.isInsideRecord) this.recordBeganMs = undefined;
    else if (!isSame || this.recordBeganMs === undefined) this.recordBeganMs = performance.now();
  }

  private violated(error: unknown): void {
    if (!(error instanceof RpcProtocolError)) throw error;
    // The calls before it are answered, as far as that can be done at once.
    this.output.flush();
    this.close(`${error.code}: ${error.message}`);
  }

  private gone(): void {
    this.state = "closed";
    this.held = [];
    this.output.close();
    this.reader.close();
    this.owner.onClosed(this);
    for (const tell of this.roomWaiters.splice(0)) tell();
    this.tellGone();
  }

  private tellGone(): void {
    const { goneListeners } = this;
    this.goneListeners = undefined;
    for (const listener of goneListeners ?? []) listener();
  }
}

const NOTHING: readonly Uint8Array[] = [];

function remainder(records: readonly Uint8Array[], served: number): readonly Uint8Array[] {
  return served === records.length ? NOTHING : records.slice(served);
}

function isOver(sinceMs: number | undefined, limitMs: number, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs > limitMs;
}
