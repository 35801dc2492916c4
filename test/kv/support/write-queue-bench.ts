import { type DELETE, PUT } from "../../../src/kv/command.ts";
import {
  type KvHeader,
  type KvPutArgs,
  type KvPutRes,
  KvStatus,
  KvWhen,
  kvPutArgsCodec,
  kvPutResCodec,
} from "../../../src/kv/gen/kv.ts";
import type { WriteOutcome } from "../../../src/kv/write-outcome.ts";
import { type WriteAnswer, WriteQueue } from "../../../src/kv/write-queue.ts";
import { RpcTransportError } from "../../../src/oncrpc/errors.ts";
import { decodeXdr, encodeXdr } from "../../../src/xdr/index.ts";
import { ProcessClock, SimulatedClock } from "../../support/simulated-clock.ts";
import { StubLine } from "./stub-line.ts";
import { StubRaft } from "./stub-raft.ts";

export const REQUEST_TIMEOUT_MS = 1_000;
const WAITING_BYTES_LIMIT = 400;
export const DONE: WriteOutcome = { status: KvStatus.KV_OK, revision: 7, prevRevision: 3, keyVersion: 2 };

/** A write whose answer is awaited. */
export interface Submitted {
  answer: WriteAnswer | undefined;
}

/** The queue of server 1, with consensus, the leader and time in the hands of the test. */
export class WriteQueueBench {
  readonly raft: StubRaft = new StubRaft();
  readonly line: StubLine = new StubLine();
  readonly clock: SimulatedClock = new SimulatedClock();
  wakes = 0;
  hasRoom = true;
  logTimeMs = 100;
  readonly queue: WriteQueue;

  constructor() {
    this.queue = new WriteQueue({
      raft: this.raft,
      line: this.line,
      clock: new ProcessClock(this.clock, 5_000),
      wake: () => {
        this.wakes += 1;
      },
      logTimeMs: () => this.logTimeMs,
      hasRoomFor: () => this.hasRoom,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      waitingBytesLimit: WAITING_BYTES_LIMIT,
    });
  }

  put(key: string, options: { session?: boolean } = {}): Submitted {
    return this.submit(PUT, putBytes(key, options.session ?? false), options.session ?? false);
  }

  submit(proc: typeof PUT | typeof DELETE, argBytes: Uint8Array, exactlyOnce: boolean): Submitted {
    const submitted: Submitted = { answer: undefined };
    void this.queue.submit(proc, argBytes, exactlyOnce).then((answer) => {
      submitted.answer = answer;
    });
    return submitted;
  }

  /** Leads in `term`, with a submitted write in the log. */
  async proposed(term: number, options: { session?: boolean } = {}): Promise<Submitted> {
    this.raft.lead(term);
    const write = this.put("key", options);
    this.queue.flush();
    await this.settle();
    return write;
  }

  loseLeadership(newLeader: number): void {
    this.raft.follow(newLeader);
    this.queue.leadershipLost();
  }

  /** Server 2 leads, and has been handed a submitted write. */
  async forwarded(options: { session?: boolean } = {}): Promise<Submitted> {
    this.raft.follow(2);
    const write = this.put("key", options);
    this.queue.flush();
    await this.settle();
    return write;
  }

  /** Follows all promises. */
  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  /** Lets time go on, and has the queue look for those whose time is over. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.queue.sweep(5_000 + this.clock.nowMs);
    await this.settle();
  }
}

export function putBytes(key: string, session: boolean, value = "value"): Uint8Array {
  return encodeXdr(kvPutArgsCodec, putArgs(key, session, value));
}

export function putArgs(key: string, session: boolean, value: string): KvPutArgs {
  return {
    session: new Uint8Array(8).fill(session ? 9 : 0),
    sequence: session ? 4 : 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    condition: { when: KvWhen.KV_ALWAYS },
  };
}

export const HEADER: KvHeader = { cluster: 1, server: 2, term: 1, revision: 7 };

function putReply(result: KvPutRes["result"]): Uint8Array {
  return encodeXdr(kvPutResCodec, { header: HEADER, result });
}

export const OK_REPLY: Uint8Array = putReply({
  status: KvStatus.KV_OK,
  ok: { revision: 7, prevRevision: 3, keyVersion: 2 },
});

export function refusedReply(status: 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10): Uint8Array {
  return putReply({ status, message: "no" });
}

export function statusOf({ answer }: Submitted): KvStatus | undefined {
  if (answer === undefined) return undefined;
  return answer instanceof Uint8Array ? decodeXdr(kvPutResCodec, answer).result.status : answer.status;
}

export const LOST: RpcTransportError = new RpcTransportError("CONNECTION_LOST", "s2: connection lost", true);
