/** Writes that a follower hands to the leader, which may change, hang or vanish meanwhile (DESIGN §7; RAFT_CHECKLIST 26, 27). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DELETE } from "../../src/kv/command.ts";
import {
  type KvDeleteRes,
  KvStatus,
  KvWhen,
  kvDeleteArgsCodec,
  kvDeleteResCodec,
} from "../../src/kv/gen/kv.ts";
import { refusedWrite } from "../../src/kv/write-outcome.ts";
import { RpcAcceptedError, RpcTimeoutError } from "../../src/oncrpc/errors.ts";
import { AcceptStat } from "../../src/oncrpc/gen/rpc.ts";
import { encodeXdr } from "../../src/xdr/index.ts";
import {
  WriteQueueBench as Bench,
  DONE,
  HEADER,
  LOST,
  OK_REPLY,
  putArgs,
  REQUEST_TIMEOUT_MS,
  refusedReply,
  type Submitted,
  statusOf,
} from "./support/write-queue-bench.ts";

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

test.run();
