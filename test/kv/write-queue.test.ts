/** Writes on their way into the log, with each thing that can come between (DESIGN §5, §7; RAFT_CHECKLIST 26, 27, 30). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CommandDecoder, DELETE, PUT } from "../../src/kv/command.ts";
import { KvStatus, KvWhen, kvDeleteArgsCodec } from "../../src/kv/gen/kv.ts";
import { encodeXdr } from "../../src/xdr/index.ts";
import {
  WriteQueueBench as Bench,
  DONE,
  LOST,
  OK_REPLY,
  putBytes,
  REQUEST_TIMEOUT_MS,
  statusOf,
} from "./support/write-queue-bench.ts";

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
