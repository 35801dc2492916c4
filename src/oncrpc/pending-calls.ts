import type { Procedure } from "./procedure.ts";

/** A call that waits for its reply. */
export interface PendingCall {
  readonly xid: number;
  // biome-ignore lint/suspicious/noExplicitAny: calls of all types wait in one table; each is consistent in itself
  readonly procedure: Procedure<any, any>;
  readonly timeoutMs: number;
  /** When the time is up, on the clock of `performance.now()`; may be infinite. */
  readonly deadlineMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  /** The whole record, while there is no connection to write it to. */
  unsentRecord: Uint8Array | undefined;
  /** Takes the listener off the caller's `AbortSignal`, where there is one. */
  releaseSignal: (() => void) | undefined;
}

const INITIAL_SLOTS = 64;

/**
 * The calls of one client that wait, by xid.
 *
 * xids count up from a random start, and the slot of a call is given by the low bits of its xid, so finding the
 * call of a reply is one look into an array. An xid whose slot is taken, by a call that waits for long, is
 * passed over. The table doubles when half full, so that passing over stays rare.
 */
export class PendingCalls {
  private slots: (PendingCall | undefined)[] = new Array(INITIAL_SLOTS).fill(undefined);
  private mask = INITIAL_SLOTS - 1;
  private waiting = 0;
  private xid: number;

  constructor(firstXid: number = Math.floor(Math.random() * 0x1_0000_0000)) {
    this.xid = firstXid >>> 0;
  }

  /** How many calls wait. */
  get size(): number {
    return this.waiting;
  }

  /** An xid that no waiting call has, and whose slot is free; to be used for the next {@link add}. */
  nextXid(): number {
    if (this.waiting * 2 >= this.slots.length) this.grow();
    do this.xid = (this.xid + 1) >>> 0;
    while (this.slots[this.xid & this.mask] !== undefined);
    return this.xid;
  }

  add(call: PendingCall): void {
    this.slots[call.xid & this.mask] = call;
    this.waiting += 1;
  }

  /** The call that waits for a reply with this xid. */
  get(xid: number): PendingCall | undefined {
    const call = this.slots[xid & this.mask];
    return call !== undefined && call.xid === xid ? call : undefined;
  }

  /** Takes out a call that {@link get} would find. */
  remove(call: PendingCall): void {
    this.slots[call.xid & this.mask] = undefined;
    this.waiting -= 1;
  }

  /** The waiting calls, in no particular order. */
  list(): PendingCall[] {
    return this.slots.filter((call) => call !== undefined);
  }

  private grow(): void {
    const calls = this.list();
    this.slots = new Array(this.slots.length * 2).fill(undefined);
    this.mask = this.slots.length - 1;
    for (const call of calls) this.slots[call.xid & this.mask] = call;
  }
}
