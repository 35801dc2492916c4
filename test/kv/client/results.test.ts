import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KV_KEY_MAX,
  KV_VALUE_MAX,
  KvCancelledError,
  KvClient,
  KvConflictError,
  KvLimitError,
  type KvPair,
  KvRefusedError,
  type KvServerReport,
  KvStatus,
  RpcAddressError,
} from "../../../src/kv/index.ts";
import { failureOf, failureOfClass } from "../../support/failure.ts";
import { clusterWithClient } from "../../support/kv-cluster-client.ts";
import { until } from "../../support/until.ts";

test("put, get and delete tell the revisions that they made and found", async () => {
  const { kv } = clusterWithClient();
  assert.equal(await kv.put("k", "one"), { revision: 1, prevRevision: 0, keyVersion: 1 });
  assert.equal(await kv.put("k", "two"), { revision: 2, prevRevision: 1, keyVersion: 2 });
  const pair = await kv.get("k");
  assert.is(pair?.value.toString(), "two");
  assert.is(pair?.createRevision, 1);
  assert.is(pair?.modRevision, 2);
  assert.is(pair?.keyVersion, 2);
  assert.equal(await kv.delete("k"), { revision: 3, prevRevision: 2 });
  assert.is(await kv.get("k"), undefined);
  assert.is(await kv.delete("k"), undefined);
  kv.close();
});

test("keys and values are bytes, and text is its UTF-8", async () => {
  const { kv } = clusterWithClient();
  await kv.put("ключ", Uint8Array.of(0, 255, 10));
  const pair = await kv.get(Buffer.from("ключ"));
  assert.equal([...pair!.value], [0, 255, 10]);
  await kv.put(Uint8Array.of(255), "");
  assert.is((await kv.get(Uint8Array.of(255)))?.value.length, 0);
  kv.close();
});

test("get reads an older revision, or this one server alone", async () => {
  const { kv } = clusterWithClient();
  await kv.put("k", "one");
  await kv.put("k", "two");
  assert.is((await kv.get("k", { revision: 1 }))?.value.toString(), "one");
  assert.is((await kv.get("k", { serializable: true }))?.value.toString(), "two");
  const error = await failureOfClass(KvRefusedError, kv.get("k", { revision: 3 }));
  assert.is(error.code, "FUTURE_REVISION");
  kv.close();
});

test("a write whose condition does not hold fails with the revision that stands against it", async () => {
  const { kv } = clusterWithClient();
  assert.is((await kv.put("k", "one", { ifRevision: 0 })).revision, 1);
  const exists = await failureOfClass(KvConflictError, kv.put("k", "two", { ifRevision: 0 }));
  assert.is(exists.modRevision, 1);
  assert.is(exists.status, KvStatus.KV_CONFLICT);
  assert.is((await kv.put("k", "two", { ifRevision: 1 })).revision, 2);
  assert.is((await failureOfClass(KvConflictError, kv.delete("k", { ifRevision: 1 }))).modRevision, 2);
  assert.is((await failureOfClass(KvConflictError, kv.put("none", "x", { ifRevision: 7 }))).modRevision, 0);
  assert.is((await kv.delete("k", { ifRevision: 2 }))?.revision, 3);
  kv.close();
});

async function keys(pairs: AsyncIterable<KvPair>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of pairs) found.push(key.toString());
  return found;
}

test("range answers with the pairs from start up to end, in order, at most limit of them", async () => {
  const { kv } = clusterWithClient();
  for (const key of ["b", "a", "c", "d"]) await kv.put(key, key.toUpperCase());
  const { pairs, more, revision } = await kv.range({ start: "b", end: "d", limit: 1 });
  assert.equal(
    pairs.map(({ value }) => value.toString()),
    ["B"],
  );
  assert.is(more, true);
  assert.is(revision, 4);
  assert.is((await kv.range()).pairs.length, 4);
  kv.close();
});

test("scan asks page after page, all at the revision of the first", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.pageSize = 2;
  for (const key of ["a", "b", "c", "d", "e"]) await kv.put(key, key);
  const found: string[] = [];
  for await (const { key } of kv.scan()) {
    if (found.length === 0) await kv.put("bb", "too late");
    found.push(key.toString());
  }
  assert.equal(found, ["a", "b", "c", "d", "e"]);
  assert.is(cluster.servers[0]!.calls.filter((name) => name === "KV_RANGE").length, 3);
  kv.close();
});

test("scan stops at its limit, whatever the size of the pages", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.pageSize = 2;
  for (const key of ["a", "b", "c", "d", "e"]) await kv.put(key, key);
  assert.equal(await keys(kv.scan({ limit: 3 })), ["a", "b", "c"]);
  assert.equal(await keys(kv.scan({ limit: 2 })), ["a", "b"]);
  assert.equal(await keys(kv.scan({ start: "b", end: "e", limit: 9 })), ["b", "c", "d"]);
  kv.close();
});

test("a prefix takes all keys that begin with it, also where its last bytes are 255", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.pageSize = 1;
  const all = ["61", "61ff", "61ffff", "61ff00", "62", "ff", "ffff"];
  for (const key of all) await kv.put(Buffer.from(key, "hex"), "v");
  const withPrefix = async (prefix: string): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of kv.scan({ prefix: Buffer.from(prefix, "hex") }))
      found.push(key.toString("hex"));
    return found;
  };
  assert.equal(await withPrefix("61ff"), ["61ff", "61ff00", "61ffff"]);
  assert.equal(await withPrefix("ff"), ["ff", "ffff"]);
  assert.is((await withPrefix("")).length, all.length);
  kv.close();
});

test("scan goes on behind a key of the greatest length", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.pageSize = 1;
  const longest = Buffer.alloc(KV_KEY_MAX, 0x61);
  const last = Buffer.alloc(KV_KEY_MAX, 0xff);
  for (const key of [longest, Buffer.from("b"), last]) await kv.put(key, "v");
  const found: number[] = [];
  for await (const { key } of kv.scan()) found.push(key.length);
  assert.equal(found, [KV_KEY_MAX, 1, KV_KEY_MAX]);
  kv.close();
});

test("replicas tells on how many disks a revision is", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.replicaCount = 2;
  const { revision } = await kv.put("k", "v");
  assert.equal(await kv.replicas(revision, { waitMs: 100 }), { replicas: 2, members: 3 });
  kv.close();
});

test("status tells how each server is, and of one that is down, why it says nothing", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[1]!.isDown = true;
  const reports = await kv.status();
  assert.equal(
    reports.map(({ address, up }) => [address, up]),
    [
      ["s1:1", true],
      ["s2:1", false],
      ["s3:1", true],
    ],
  );
  const [first, second] = reports as [
    Extract<KvServerReport, { up: true }>,
    Extract<KvServerReport, { up: false }>,
  ];
  assert.is(first.header.server, 1);
  assert.is(first.status.software, "sundial fake");
  assert.is(second.reason, "connection refused (ECONNREFUSED)");
  kv.close();
});

test("status that is taken back, or whose client is closed, blames no server", async () => {
  const { cluster, kv } = clusterWithClient();
  for (const server of cluster.servers) server.isHung = true;
  const controller = new AbortController();
  const aborted = failureOfClass(KvCancelledError, kv.status({ signal: controller.signal }));
  controller.abort();
  assert.is((await aborted).code, "ABORTED");
  const closed = failureOfClass(KvCancelledError, kv.status());
  kv.close();
  assert.is((await closed).code, "CLOSED");
  assert.instance(await failureOf(clusterWithClient().kv.status({ timeoutMs: -1 })), RangeError);
});

test("keys and values outside the limits of idl/kv.x are refused before anything is sent, with both numbers", async () => {
  const { cluster, kv } = clusterWithClient();
  const wrong: [Promise<unknown>, string][] = [
    [kv.put("", "v"), "the key is empty; a key has at least 1 byte"],
    [kv.get("k".repeat(KV_KEY_MAX + 1)), "the key has 4097 bytes; a key has at most 4096"],
    [kv.delete(new Uint8Array(5000)), "the key has 5000 bytes; a key has at most 4096"],
    [
      kv.put("k", new Uint8Array(KV_VALUE_MAX + 1)),
      "the value has 1048577 bytes; a value has at most 1048576",
    ],
    [kv.range({ start: new Uint8Array(5000) }), "the key has 5000 bytes; a key has at most 4096"],
  ];
  for (const [call, message] of wrong) assert.is((await failureOfClass(KvLimitError, call)).message, message);
  assert.is(cluster.servers[0]!.connections, 0);
  await kv.put("k".repeat(KV_KEY_MAX), new Uint8Array(KV_VALUE_MAX));
  kv.close();
});

test("options that make no sense are a RangeError", async () => {
  const { kv } = clusterWithClient();
  await failureOfClass(RangeError, kv.put("k", "v", { ifRevision: -1 }));
  await failureOfClass(RangeError, kv.get("k", { revision: 1.5 }));
  await failureOfClass(RangeError, kv.range({ limit: 0 }));
  await failureOfClass(RangeError, kv.range({ prefix: "a", start: "a" }));
  await failureOfClass(RangeError, kv.replicas(1, { waitMs: 60_001 }));
  await failureOfClass(RangeError, kv.get("k", { timeoutMs: 0 }));
  assert.throws(() => new KvClient({ servers: [] }), /at least one/);
  assert.throws(
    () => new KvClient({ servers: ["nowhere"] }),
    (error: unknown) => error instanceof RpcAddressError,
  );
  // A retry must not come when the servers may have forgotten the session (KV_SESSION_MIN_MS).
  assert.throws(() => new KvClient({ servers: ["a:1"], timeoutMs: 300_000 }), /at most 240000/);
  kv.close();
});

test("aborting a signal takes a call back, also between two rounds", async () => {
  const { cluster, kv } = clusterWithClient();
  const early = AbortSignal.abort(new Error("changed my mind"));
  const before = await failureOfClass(KvCancelledError, kv.put("k", "v", { signal: early }));
  assert.is(before.code, "ABORTED");
  assert.is(before.uncertain, false);
  assert.is((before.cause as Error).message, "changed my mind");

  for (const server of cluster.servers) server.isDown = true;
  const between = new AbortController();
  const put = failureOfClass(KvCancelledError, kv.put("k", "v", { signal: between.signal }));
  setImmediate(() => between.abort());
  assert.is((await put).uncertain, false);
  kv.close();
});

test("a write that is taken back after it was sent may have been applied, and the error says so", async () => {
  const { cluster, kv } = clusterWithClient(1);
  cluster.servers[0]!.standingFault = { kind: "silence", isApplied: true };
  const abort = new AbortController();
  const put = failureOfClass(KvCancelledError, kv.put("k", "v", { signal: abort.signal }));
  await until(() => cluster.store.revision === 1, "the server has the write");
  abort.abort();
  const error = await put;
  assert.is(error.uncertain, true);
  assert.match(error.message, /may or may not have been applied/);
  kv.close();
});

test("close ends calls that are under way, that wait for the next round, and that come later", async () => {
  const { cluster, kv } = clusterWithClient(1);
  const [server] = cluster.servers;
  server!.standingFault = { kind: "silence", isApplied: false };
  const underWay = failureOfClass(KvCancelledError, kv.get("k"));
  await until(() => server!.calls.length === 1, "the server has the call");
  kv.close();
  assert.is((await underWay).code, "CLOSED");
  assert.is((await failureOfClass(KvCancelledError, kv.get("k"))).code, "CLOSED");

  const { cluster: other, kv: waiting } = clusterWithClient(1);
  other.servers[0]!.isDown = true;
  const call = failureOf(waiting.get("k"));
  setImmediate(() => waiting.close());
  assert.instance(await call, KvCancelledError);
});

test.run();
