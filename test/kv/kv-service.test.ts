/** The KV program: arguments that are refused, and every status that a call can end with (idl/kv.x). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvConsistency, KvRole, KvStatus, kvPutResCodec } from "../../src/kv/gen/kv.ts";
import { statusText } from "../../src/kv/status-text.ts";
import { refusedWrite, type WriteOutcome } from "../../src/kv/write-outcome.ts";
import { encodeXdr } from "../../src/xdr/index.ts";
import {
  KvServiceBench as Bench,
  CONTEXT,
  EMPTY,
  failure,
  HEADER,
  type Settled,
} from "./support/kv-service-bench.ts";

test("an empty key is invalid, for reads and for writes, and nothing is asked of anyone", async () => {
  const bench = new Bench();
  const message = "a key has at least one byte";
  for (const { header, result } of [
    await bench.put({ key: EMPTY }),
    await bench.delete({ key: EMPTY }),
    await bench.get(""),
    await bench.get("", 0, KvConsistency.KV_SERIALIZABLE),
  ]) {
    assert.equal(header, HEADER);
    assert.equal(result, failure(KvStatus.KV_INVALID, message));
  }
  assert.is(bench.submitted.length, 0);
});

test("a value over this server's limit is too large; one at the limit is not", async () => {
  const bench = new Bench();
  const { result } = await bench.put({ value: new Uint8Array(17) });
  assert.equal(result, failure(KvStatus.KV_TOO_LARGE, "the value has 17 bytes; this server takes 16"));
  assert.is(bench.submitted.length, 0);
  await bench.put({ value: new Uint8Array(16) });
  assert.is(bench.submitted.length, 1);
});

test("a write goes on as the bytes that came; eight zero bytes are no session", async () => {
  const bench = new Bench();
  await bench.put();
  await bench.delete({ session: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) });
  assert.equal(bench.submitted, [
    { proc: 1, exactlyOnce: false, argBytes: CONTEXT.argBytes },
    { proc: 3, exactlyOnce: true, argBytes: CONTEXT.argBytes },
  ]);
});

test("a write that was applied tells the revision it made, and the one before", async () => {
  const bench = new Bench();
  const done: WriteOutcome = { status: KvStatus.KV_OK, revision: 9, prevRevision: 5, keyVersion: 3 };
  bench.answer = done;
  assert.equal((await bench.put()).result, {
    status: KvStatus.KV_OK,
    ok: { revision: 9, prevRevision: 5, keyVersion: 3 },
  });
  assert.equal((await bench.delete()).result, {
    status: KvStatus.KV_OK,
    ok: { revision: 9, prevRevision: 5 },
  });
});

test("a condition that does not hold tells what the key's revision is", async () => {
  const bench = new Bench();
  bench.answer = refusedWrite(KvStatus.KV_CONFLICT, 12);
  for (const { result } of [await bench.put(), await bench.delete()]) {
    assert.equal(result, { status: KvStatus.KV_CONFLICT, modRevision: 12 });
  }
});

test("every other end of a write comes with its status and a line for people", async () => {
  const bench = new Bench();
  for (const status of [
    KvStatus.KV_NOT_FOUND,
    KvStatus.KV_NO_SPACE,
    KvStatus.KV_BUSY,
    KvStatus.KV_UNAVAILABLE,
    KvStatus.KV_UNCERTAIN,
    KvStatus.KV_SESSION_EXPIRED,
    KvStatus.KV_SEQUENCE_OLD,
  ]) {
    bench.answer = refusedWrite(status);
    assert.equal((await bench.put()).result, failure(status));
    assert.equal((await bench.delete()).result, failure(status));
    assert.ok(statusText(status).length > 0);
  }
});

test("the leader's answer to a call that was handed over is passed on, with the leader's header", async () => {
  const bench = new Bench();
  const header = { cluster: 55, server: 2, term: 6, revision: 30 };
  const result = { status: KvStatus.KV_OK, ok: { revision: 30, prevRevision: 0, keyVersion: 1 } } as const;
  bench.answer = encodeXdr(kvPutResCodec, { header, result });
  assert.equal(await bench.put(), { header, result });
});

test("a read returns the pair, as of now or as of a revision", async () => {
  const bench = new Bench();
  bench.fill("a", "b", "a");
  const now = await bench.get("a");
  assert.equal(now.header, { ...HEADER, revision: 3 });
  assert.is(Buffer.from(now.result.pair.value).toString(), "a!");
  assert.equal(
    [now.result.pair.createRevision, now.result.pair.modRevision, now.result.pair.keyVersion],
    [1, 3, 2],
  );
  const then = await bench.get("a", 2);
  assert.is(then.result.pair.modRevision, 1);
  assert.equal((await bench.get("b", 1)).result, failure(KvStatus.KV_NOT_FOUND));
  assert.equal((await bench.get("zz")).result, failure(KvStatus.KV_NOT_FOUND));
});

test("a revision that the store has not reached", async () => {
  const bench = new Bench();
  bench.fill("a");
  assert.equal((await bench.get("a", 2)).result, failure(KvStatus.KV_FUTURE_REVISION));
  assert.equal((await bench.range({ revision: 2 })).result, failure(KvStatus.KV_FUTURE_REVISION));
  assert.equal(
    (await bench.get("a", 2, KvConsistency.KV_SERIALIZABLE)).result.status,
    KvStatus.KV_FUTURE_REVISION,
  );
});

test("a linearizable read that cannot be confirmed is refused; a serializable one goes on (DESIGN §7)", async () => {
  const bench = new Bench();
  bench.fill("a");
  bench.passes = false;
  assert.equal((await bench.get("a")).result, failure(KvStatus.KV_UNAVAILABLE));
  assert.equal((await bench.range()).result, failure(KvStatus.KV_UNAVAILABLE));
  const { KV_SERIALIZABLE } = KvConsistency;
  assert.is((await bench.get("a", 0, KV_SERIALIZABLE)).result.status, KvStatus.KV_OK);
  assert.is((await bench.range({ consistency: KV_SERIALIZABLE })).result.status, KvStatus.KV_OK);
});

test("a read sees what was applied while it waited", async () => {
  const bench = new Bench();
  bench.onPass = () => bench.fill("a");
  const { header, result } = await bench.get("a");
  assert.is(result.status, KvStatus.KV_OK);
  assert.is(header.revision, 1);
});

test("a range stops at the limit of pairs or of bytes, and says that there is more", async () => {
  const bench = new Bench();
  bench.fill("a", "b", "c", "d");
  const keys = ({ result }: Settled): string =>
    result.ok.pairs.map(({ key }: { key: Uint8Array }) => Buffer.from(key).toString()).join("");
  const all = await bench.range();
  assert.equal([keys(all), all.result.ok.more, all.result.ok.revision], ["abcd", false, 4]);
  const two = await bench.range({ limit: 2, start: Buffer.from("b") });
  assert.equal([keys(two), two.result.ok.more], ["bc", true]);
  const old = await bench.range({ revision: 2 });
  assert.equal([keys(old), old.result.ok.revision], ["ab", 2]);
  bench.fill("e".repeat(30), "f".repeat(30));
  const large = await bench.range({ start: Buffer.from("d") });
  assert.equal([keys(large), large.result.ok.more], ["d", true]);
  const single = await bench.range({ start: Buffer.from("e") });
  assert.equal([keys(single).length, single.result.ok.more], [30, true], "at least one, whatever its size");
});

test("a range of none: the end is not behind the start", async () => {
  const bench = new Bench();
  bench.fill("a", "b");
  for (const [start, end] of [
    ["b", "a"],
    ["b", "b"],
    ["x", "z"],
  ] as const) {
    const { result } = await bench.range({ start: Buffer.from(start), end: Buffer.from(end) });
    assert.equal([result.status, result.ok.pairs.length, result.ok.more], [KvStatus.KV_OK, 0, false]);
  }
});

test("the status of a leader shows how far each member is, of a follower not", () => {
  const bench = new Bench();
  bench.fill("a");
  const { header, status } = bench.service.status();
  assert.equal(header, { ...HEADER, revision: 1 });
  assert.equal(
    [status.role, status.leader, status.lastIndex, status.commitIndex],
    [KvRole.KV_LEADER, 1, 8, 7],
  );
  assert.equal([status.keys, status.alarms], [1, 0]);
  assert.equal(status.members, [
    { server: 1, address: "s1:9", reachable: true, matchIndex: 8 },
    { server: 2, address: "s2:9", reachable: true, matchIndex: 8 },
    { server: 3, address: "s3:9", reachable: false, matchIndex: 6 },
  ]);
  bench.role = "candidate";
  bench.diskFull = true;
  const other = bench.service.status().status;
  assert.equal([other.role, other.alarms, other.members[2]!.matchIndex], [KvRole.KV_CANDIDATE, 1, 0]);
});

test.run();
