/** Writes on their way into the log, with each thing that can come between (DESIGN §5, §7; RAFT_CHECKLIST 26, 27, 30). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CommandDecoder, DELETE, PUT } from "../../src/kv/command.ts";
import {
  type KvDeleteRes,
  type KvPutArgs,
  type KvPutRes,
  KvStatus,
  KvWhen,
  kvDeleteArgsCodec,
  kvDeleteResCodec,
  kvPutArgsCodec,
  kvPutResCodec,
} from "../../src/kv/gen/kv.ts";
import { refusedWrite, type WriteOutcome } from "../../src/kv/write-outcome.ts";
import { type WriteAnswer, WriteQueue } from "../../src/kv/write-queue.ts";
import { RpcAcceptedError, RpcTimeoutError, RpcTransportError } from "../../src/oncrpc/errors.ts";
import { AcceptStat } from "../../src/oncrpc/gen/rpc.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";
import { StubLine } from "./support/stub-line.ts";
import { StubRaft } from "./support/stub-raft.ts";

const REQUEST_TIMEOUT_MS = 1_000;
const WAITING_BYTES_LIMIT = 400;
const DONE: WriteOutcome = { status: KvStatus.KV_OK, revision: 7, prevRevision: 3, keyVersion: 2 };

/** A write whose answer is awaited. */
interface Submitted {
  answer: WriteAnswer | undefined;
}

class Bench {
  readonly raft = new StubRaft();
  readonly line = new StubLine();
  readonly clock = new SimulatedClock();
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

function putBytes(key: string, session: boolean, value = "value"): Uint8Array {
  return encodeXdr(kvPutArgsCodec, putArgs(key, session, value));
}

function putArgs(key: string, session: boolean, value: string): KvPutArgs {
  return {
    session: new Uint8Array(8).fill(session ? 9 : 0),
    sequence: session ? 4 : 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    condition: { when: KvWhen.KV_ALWAYS },
  };
}

const HEADER = { cluster: 1, server: 2, term: 1, revision: 7 };

function putReply(result: KvPutRes["result"]): Uint8Array {
  return encodeXdr(kvPutResCodec, { header: HEADER, result });
}

const OK_REPLY = putReply({ status: KvStatus.KV_OK, ok: { revision: 7, prevRevision: 3, keyVersion: 2 } });

function refusedReply(status: 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10): Uint8Array {
  return putReply({ status, message: "no" });
}

function statusOf({ answer }: Submitted): KvStatus | undefined {
  if (answer === undefined) return undefined;
  return answer instanceof Uint8Array ? decodeXdr(kvPutResCodec, answer).result.status : answer.status;
}

const LOST = new RpcTransportError("CONNECTION_LOST", "s2: connection lost", true);

test("a leader proposes what waits with the time of the log, and answers when it is applied", async () => {
  const bench = new Bench();
  bench.raft.lead(3);
  const write = bench.put("a");
  assert.is(bench.wakes, 1);
  bench.queue.flush();
  const command = new CommandDecoder().decode(bench.raft.log[0]!.data);
  assert.is(command.logTimeMs, 100);
  assert.is(command.proc, PUT);
  assert.is(Buffer.from(command.args.key).toString(), "a");
  await bench.settle();
  assert.is(write.answer, undefined);
  bench.queue.applied(1, 3, DONE);
  await bench.settle();
  assert.equal(write.answer, DONE);
  assert.is(bench.queue.size, 0);
});

test("the writes of one turn are proposed together, in their order", () => {
  const bench = new Bench();
  bench.raft.lead(3);
  for (const key of ["a", "b", "c"]) bench.put(key);
  bench.queue.flush();
  const keys = bench.raft.log.map(({ data }) =>
    Buffer.from(new CommandDecoder().decode(data).args.key).toString(),
  );
  assert.equal(keys, ["a", "b", "c"]);
});

test("a delete is proposed as a delete", () => {
  const bench = new Bench();
  bench.raft.lead(3);
  const args = {
    session: new Uint8Array(8),
    sequence: 0,
    key: Buffer.from("a"),
    condition: { when: KvWhen.KV_ALWAYS },
  };
  bench.submit(DELETE, encodeXdr(kvDeleteArgsCodec, args), false);
  bench.queue.flush();
  assert.is(new CommandDecoder().decode(bench.raft.log[0]!.data).proc, DELETE);
});

test("while leadership is handed over, or too much is uncommitted, writes wait (dissertation §3.10)", async () => {
  for (const outcome of ["transferring", "busy"] as const) {
    const bench = new Bench();
    bench.raft.lead(3);
    bench.raft.outcome = outcome;
    const write = bench.put("a");
    bench.queue.flush();
    assert.is(bench.queue.size, 1);
    bench.raft.outcome = "accepted";
    bench.queue.flush();
    bench.queue.applied(1, 3, DONE);
    await bench.settle();
    assert.equal(write.answer, DONE);
  }
});

test("a full disk: KV_NO_SPACE, and nothing is proposed (DESIGN §6)", async () => {
  const bench = new Bench();
  bench.raft.lead(3);
  bench.hasRoom = false;
  const write = bench.put("a");
  bench.queue.flush();
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_NO_SPACE);
  assert.is(bench.raft.log.length, 0);
});

test("no leader in time: KV_UNAVAILABLE, since nothing was written", async () => {
  const bench = new Bench();
  const write = bench.put("a");
  bench.queue.flush();
  await bench.pass(REQUEST_TIMEOUT_MS - 1);
  assert.is(write.answer, undefined);
  await bench.pass(1);
  assert.is(statusOf(write), KvStatus.KV_UNAVAILABLE);
});

test("not committed in time: KV_UNCERTAIN, never a plain failure (RAFT_CHECKLIST 27)", async () => {
  for (const session of [false, true]) {
    const bench = new Bench();
    const write = await bench.proposed(3, { session });
    await bench.pass(REQUEST_TIMEOUT_MS);
    assert.is(statusOf(write), KvStatus.KV_UNCERTAIN);
    assert.is(bench.queue.size, 0);
  }
});

test("too many bytes wait: KV_BUSY (RAFT_CHECKLIST 30)", async () => {
  const bench = new Bench();
  const writes = Array.from({ length: 12 }, () => bench.put("a"));
  await bench.settle();
  const busy = writes.filter((write) => statusOf(write) === KvStatus.KV_BUSY).length;
  assert.ok(busy > 0 && busy < writes.length, `${busy} of ${writes.length} are turned away`);
  bench.raft.lead(3);
  bench.queue.flush();
  const write = bench.put("a");
  await bench.settle();
  assert.is(write.answer, undefined, "there is room again");
});

test("what waits for an answer of the leader counts as waiting: a leader that hangs fills no memory", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const writes: Submitted[] = [];
  for (let i = 0; i < 12; i++) {
    writes.push(bench.put("a"));
    bench.queue.flush();
  }
  await bench.settle();
  assert.ok(writes.some((write) => statusOf(write) === KvStatus.KV_BUSY));
  for (const { answer } of bench.line.forwards) answer(OK_REPLY);
  await bench.settle();
  const write = bench.put("a");
  await bench.settle();
  assert.is(write.answer, undefined, "there is room again");
});

test("leadership lost before proposing: the write goes to the next leader", async () => {
  const bench = new Bench();
  bench.raft.lead(3);
  const write = bench.put("a");
  bench.loseLeadership(2);
  bench.queue.flush();
  assert.is(bench.line.forwards[0]!.leader, 2);
  assert.equal(bench.line.forwards[0]!.args, { proc: PUT, args: putBytes("a", false) });
  bench.line.forwards[0]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
});

test("leadership lost after proposing: a session's write is tried at the next leader at once", async () => {
  const bench = new Bench();
  const write = await bench.proposed(3, { session: true });
  bench.loseLeadership(2);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1);
  bench.line.forwards[0]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
  bench.queue.applied(1, 3, DONE);
  assert.is(bench.queue.size, 0);
});

test("leadership lost after proposing: a write without a session waits for what becomes of its entry", async () => {
  const bench = new Bench();
  const write = await bench.proposed(3);
  bench.loseLeadership(2);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 0, "it may be applied yet");
  bench.queue.applied(1, 3, DONE);
  await bench.settle();
  assert.equal(write.answer, DONE);
});

test("another leader's entry stands in the place of a write: it is tried again", async () => {
  const bench = new Bench();
  const write = await bench.proposed(3);
  bench.loseLeadership(2);
  bench.queue.applied(1, 4, null);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1);
  bench.line.forwards[0]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
});

test("a leader that comes back proposes at an index where an older write still waits: both are answered", async () => {
  const bench = new Bench();
  const older = await bench.proposed(3);
  bench.loseLeadership(2);
  // The leader of term 4 cut the entry off; then this server leads again, and is at the same index.
  bench.raft.lastIndex = 0;
  const newer = await bench.proposed(5);
  assert.is(bench.raft.log[1]!.index, 1);
  bench.queue.applied(1, 5, DONE);
  await bench.settle();
  assert.equal(newer.answer, DONE);
  bench.queue.flush();
  bench.queue.applied(2, 5, { ...DONE, revision: 8 });
  await bench.settle();
  assert.is(statusOf(older), KvStatus.KV_OK, "its entry is gone for good, so it was tried again");
});

test("an older write whose index is taken by another proposal may yet be applied, and is not tried before", async () => {
  const bench = new Bench();
  const older = await bench.proposed(3);
  bench.loseLeadership(2);
  bench.raft.lastIndex = 0;
  const newer = await bench.proposed(5);
  // A third server has kept the entry of term 3 and leads in term 6 (§5.4.1 lets it).
  bench.loseLeadership(3);
  bench.queue.applied(1, 3, DONE);
  await bench.settle();
  assert.equal(older.answer, DONE);
  assert.is(newer.answer, undefined);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1, "the newer one was overwritten");
});

test("proposing a write again leaves the entry alone that the log holds of it (the bytes of an entry never change)", async () => {
  const bench = new Bench();
  await bench.proposed(3, { session: true });
  const first = bench.raft.log[0]!.data;
  const before = Uint8Array.from(first);
  bench.loseLeadership(0);
  bench.raft.lead(5);
  bench.logTimeMs = 999;
  bench.queue.flush();
  assert.is(bench.raft.log.length, 2);
  assert.is(new CommandDecoder().decode(bench.raft.log[1]!.data).logTimeMs, 999);
  assert.equal(Uint8Array.from(first), before);
});

test("a proposal that was not taken may be stamped again", async () => {
  const bench = new Bench();
  bench.raft.lead(3);
  bench.raft.outcome = "busy";
  bench.put("a");
  bench.queue.flush();
  bench.logTimeMs = 200;
  bench.raft.outcome = "accepted";
  bench.queue.flush();
  assert.is(new CommandDecoder().decode(bench.raft.log[0]!.data).logTimeMs, 200);
});

test("the other server does not lead: the write waits, and goes to the one that does", async () => {
  const bench = new Bench();
  const write = await bench.forwarded();
  bench.line.forwards[0]!.answer(null);
  await bench.settle();
  assert.is(write.answer, undefined);
  bench.raft.follow(3);
  bench.queue.flush();
  assert.is(bench.line.forwards[1]!.leader, 3);
  bench.raft.lead(4);
  bench.line.forwards[1]!.answer(null);
  await bench.settle();
  bench.queue.flush();
  bench.queue.applied(1, 4, DONE);
  await bench.settle();
  assert.equal(write.answer, DONE);
});

test("two servers that each take the other for the leader: the client is answered in time all the same", async () => {
  const bench = new Bench();
  const write = await bench.forwarded();
  for (let ms = 0; ms < REQUEST_TIMEOUT_MS; ms += 10) {
    bench.line.forwards.at(-1)!.answer(null);
    await bench.pass(10);
    bench.queue.flush();
  }
  assert.is(statusOf(write), KvStatus.KV_UNAVAILABLE, "nobody has done anything");
  assert.ok(bench.line.forwards.length <= 1 + REQUEST_TIMEOUT_MS / 10);
  assert.ok(bench.line.forwards.every(({ timeoutMs }) => timeoutMs >= 1 && timeoutMs <= REQUEST_TIMEOUT_MS));
});

test("the leader's reply is lost: KV_UNCERTAIN without a session", async () => {
  const bench = new Bench();
  const write = await bench.forwarded();
  bench.line.forwards[0]!.fail(LOST);
  await bench.settle();
  bench.queue.flush();
  assert.is(statusOf(write), KvStatus.KV_UNCERTAIN);
  assert.is(bench.line.forwards.length, 1, "a write without a session is never sent twice");
});

test("the leader's reply is lost: tried again with a session (RAFT_CHECKLIST 26)", async () => {
  const bench = new Bench();
  const write = await bench.forwarded({ session: true });
  bench.line.forwards[0]!.fail(LOST);
  await bench.settle();
  bench.queue.flush();
  assert.equal(bench.line.forwards[1]!.args, bench.line.forwards[0]!.args);
  bench.line.forwards[1]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
});

test("the leader failed over the call (SYSTEM_ERR): it may have been applied", async () => {
  const bench = new Bench();
  const write = await bench.forwarded();
  bench.line.forwards[0]!.fail(new RpcAcceptedError("SYSTEM_ERR", AcceptStat.SYSTEM_ERR));
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_UNCERTAIN);
});

test("there is a new leader, and the former one does not answer: a session's write goes to the new one at once", async () => {
  const bench = new Bench();
  const write = await bench.forwarded({ session: true });
  bench.raft.follow(0);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1);
  bench.raft.follow(3);
  bench.queue.flush();
  assert.is(bench.line.forwards[1]!.leader, 3);
  bench.line.forwards[0]!.answer(null);
  await bench.settle();
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 2, "the former leader's answer has no weight any more");
  bench.line.forwards[1]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
  assert.is(bench.queue.size, 0);
});

test("this server becomes the leader while the former one does not answer: it proposes a session's write itself", async () => {
  const bench = new Bench();
  const write = await bench.forwarded({ session: true });
  bench.raft.lead(4);
  bench.queue.flush();
  bench.queue.applied(1, 4, DONE);
  await bench.settle();
  assert.equal(write.answer, DONE);
});

test("there is a new leader: a write without a session goes on waiting for the former one's answer", async () => {
  const bench = new Bench();
  const write = await bench.forwarded();
  bench.raft.follow(3);
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1);
  bench.line.forwards[0]!.answer(OK_REPLY);
  await bench.settle();
  assert.is(statusOf(write), KvStatus.KV_OK);
});

test("a refusal after a try that may have been applied is KV_UNCERTAIN (idl/kv.x: refused means nothing was changed)", async () => {
  for (const status of [
    KvStatus.KV_TOO_LARGE,
    KvStatus.KV_NO_SPACE,
    KvStatus.KV_BUSY,
    KvStatus.KV_UNAVAILABLE,
  ] as const) {
    const bench = new Bench();
    const write = await bench.forwarded({ session: true });
    bench.line.forwards[0]!.fail(LOST);
    await bench.settle();
    bench.queue.flush();
    bench.line.forwards[1]!.answer(refusedReply(status));
    await bench.settle();
    assert.is(statusOf(write), KvStatus.KV_UNCERTAIN, `status ${status}`);
  }
});

test("the same of a delete", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const args = { ...putArgs("a", true, ""), condition: { when: KvWhen.KV_ALWAYS } };
  const write = bench.submit(DELETE, encodeXdr(kvDeleteArgsCodec, args), true);
  bench.queue.flush();
  bench.line.forwards[0]!.fail(LOST);
  await bench.settle();
  bench.queue.flush();
  const result: KvDeleteRes["result"] = { status: KvStatus.KV_BUSY, message: "later" };
  bench.line.forwards[1]!.answer(encodeXdr(kvDeleteResCodec, { header: HEADER, result }));
  await bench.settle();
  assert.equal(write.answer, refusedWrite(KvStatus.KV_UNCERTAIN));
});

test("a refusal by a full disk or a full session table, after a try that may have been applied, is KV_UNCERTAIN too", async () => {
  const full = new Bench();
  const write = await full.proposed(3, { session: true });
  full.loseLeadership(0);
  full.raft.lead(5);
  full.hasRoom = false;
  full.queue.flush();
  await full.settle();
  assert.is(statusOf(write), KvStatus.KV_UNCERTAIN);

  const busy = new Bench();
  const other = await busy.forwarded({ session: true });
  busy.line.forwards[0]!.fail(LOST);
  await busy.settle();
  busy.raft.lead(5);
  busy.queue.flush();
  busy.queue.applied(1, 5, refusedWrite(KvStatus.KV_BUSY));
  await busy.settle();
  assert.is(statusOf(other), KvStatus.KV_UNCERTAIN, "the first try may still be on its way");
});

test("what the session table says of a retry holds, since it knows", async () => {
  for (const status of [
    KvStatus.KV_SESSION_EXPIRED,
    KvStatus.KV_SEQUENCE_OLD,
    KvStatus.KV_UNCERTAIN,
  ] as const) {
    const bench = new Bench();
    const write = await bench.forwarded({ session: true });
    bench.line.forwards[0]!.fail(LOST);
    await bench.settle();
    bench.queue.flush();
    bench.line.forwards[1]!.answer(refusedReply(status));
    await bench.settle();
    assert.is(statusOf(write), status);
  }
});

test("a first refusal by the leader is passed on as it is", async () => {
  const bench = new Bench();
  const write = await bench.forwarded({ session: true });
  bench.line.forwards[0]!.answer(refusedReply(KvStatus.KV_NO_SPACE));
  await bench.settle();
  assert.equal(write.answer, refusedReply(KvStatus.KV_NO_SPACE));
});

test("a reply that is lost when the client's time is over is not asked for again", async () => {
  const bench = new Bench();
  const write = await bench.forwarded({ session: true });
  await bench.clock.advance(REQUEST_TIMEOUT_MS);
  bench.line.forwards[0]!.fail(new RpcTimeoutError("s2: no reply", REQUEST_TIMEOUT_MS, true));
  await bench.settle();
  bench.queue.flush();
  assert.is(bench.line.forwards.length, 1);
  assert.is(statusOf(write), KvStatus.KV_UNCERTAIN);
});

test("a server that stops answers all: KV_UNAVAILABLE where nothing was done, else KV_UNCERTAIN", async () => {
  const bench = new Bench();
  const proposed = await bench.proposed(3, { session: true });
  const left = await bench.proposed(3);
  bench.loseLeadership(2);
  bench.queue.flush();
  const forwarded = bench.put("b", { session: true });
  const plain = bench.put("c");
  bench.queue.flush();
  bench.raft.follow(0);
  const waiting = bench.put("d");
  bench.queue.stop();
  await bench.settle();
  assert.is(statusOf(proposed), KvStatus.KV_UNCERTAIN);
  assert.is(statusOf(left), KvStatus.KV_UNCERTAIN);
  assert.is(statusOf(forwarded), KvStatus.KV_UNCERTAIN);
  assert.is(statusOf(plain), KvStatus.KV_UNCERTAIN);
  assert.is(statusOf(waiting), KvStatus.KV_UNAVAILABLE);
  assert.is(bench.queue.size, 0);
});

test("a server that has stopped answers what comes later, and keeps nothing", async () => {
  const bench = new Bench();
  await bench.forwarded({ session: true });
  bench.queue.stop();
  bench.line.forwards[0]!.fail(LOST);
  const late = bench.put("a");
  await bench.settle();
  assert.is(statusOf(late), KvStatus.KV_UNAVAILABLE);
  assert.is(bench.queue.size, 0);
});

test("an index that is none of this server's writes is nobody's business", () => {
  const bench = new Bench();
  bench.queue.applied(17, 2, DONE);
  assert.is(bench.queue.size, 0);
});

test.run();
