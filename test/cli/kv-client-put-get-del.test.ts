import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/index.ts";
import { answering, FakeCluster } from "../support/fake-kv-server.ts";
import { runKvClient } from "../support/run-kv-client.ts";

test("put says on how many nodes the write is, and get prints the value and a newline", async () => {
  const cluster = new FakeCluster();
  const put = await runKvClient(cluster, ["put", "mykey", "Hello World"]);
  assert.equal([put.exitCode, put.stdout, put.stderr], [0, "OK (replicated to 3 nodes)\n", ""]);
  const get = await runKvClient(cluster, ["get", "mykey"]);
  assert.equal([get.exitCode, get.stdout, get.stderr], [0, "Hello World\n", ""]);
});

for (const [replicas, members, expected] of [
  [2, 3, "OK (replicated to 2 of 3 nodes)\n"],
  [1, 1, "OK (replicated to 1 node)\n"],
  [5, 5, "OK (replicated to 5 nodes)\n"],
] as const) {
  test(`put prints ${JSON.stringify(expected)} when ${replicas} of ${members} have the write`, async () => {
    const cluster = new FakeCluster(1);
    cluster.servers[0]!.replicaCount = replicas;
    cluster.servers[0]!.memberCount = members;
    assert.is((await runKvClient(cluster, ["put", "k", "v"])).stdout, expected);
  });
}

test("a put that succeeded stays one when the nodes that have it cannot be counted: a majority has it", async () => {
  const cluster = new FakeCluster(1);
  cluster.servers[0]!.faultOf.set("KV_REPLICAS", answering(KvStatus.KV_FUTURE_REVISION, "not there yet"));
  const { exitCode, stdout, stderr } = await runKvClient(cluster, ["put", "k", "v"]);
  assert.is(exitCode, 0);
  assert.is(stdout, "OK (replicated to a majority of the nodes)\n");
  assert.is(
    stderr,
    "kv_client: written, but the nodes that have it were not counted: s1:1 refused: not there yet\n",
  );
});

test("put --no-wait does not ask where the write is", async () => {
  const cluster = new FakeCluster(1);
  assert.is((await runKvClient(cluster, ["put", "--no-wait", "k", "v"])).stdout, "OK\n");
  assert.equal(cluster.servers[0]!.calls, ["KV_PUT"]);
});

test("put KEY - takes the value from standard input, byte for byte", async () => {
  const cluster = new FakeCluster(1);
  const value = Buffer.from([0, 255, 10, 13, 10]);
  await runKvClient(cluster, ["put", "k", "-"], { stdin: value });
  assert.equal(Buffer.from(cluster.store.get(Buffer.from("k"))!.value), value);
});

test("put --if-absent and --if-revision write only where the condition holds, and say why not", async () => {
  const cluster = new FakeCluster(1);
  const results: [number, string][] = [];
  for (const args of [
    ["put", "k", "one", "--if-absent"],
    ["put", "k", "two", "--if-absent"],
    ["put", "k", "two", "--if-revision", "1"],
    ["put", "k", "three", "--if-revision=1"],
    ["put", "none", "x", "--if-revision=4"],
  ]) {
    const { exitCode, stdout, stderr } = await runKvClient(cluster, args);
    results.push([exitCode, stdout + stderr]);
  }
  assert.equal(results, [
    [0, "OK (replicated to 3 nodes)\n"],
    [1, 'kv_client: nothing written: the key "k" exists, at revision 1\n'],
    [0, "OK (replicated to 3 nodes)\n"],
    [1, 'kv_client: nothing written: the key "k" has revision 2, not 1\n'],
    [1, 'kv_client: nothing written: there is no key "none"\n'],
  ]);
});

test("get of a key that is not there exits 1 and prints nothing to stdout", async () => {
  const cluster = new FakeCluster(1);
  const { exitCode, stdout, stderr } = await runKvClient(cluster, ["get", "nokey"]);
  assert.equal([exitCode, stdout, stderr], [1, "", 'kv_client: key not found: "nokey"\n']);
});

test("get --revision reads what the key was then", async () => {
  const cluster = new FakeCluster(1);
  await runKvClient(cluster, ["put", "k", "one"]);
  await runKvClient(cluster, ["put", "k", "two"]);
  assert.is((await runKvClient(cluster, ["get", "k", "--revision", "1"])).stdout, "one\n");
  const future = await runKvClient(cluster, ["get", "k", "--revision", "9"]);
  assert.is(future.exitCode, 4);
  const before = await runKvClient(cluster, ["get", "other", "--revision", "1"]);
  assert.is(before.stderr, 'kv_client: key not found at revision 1: "other"\n');
});

test("get --metadata prints the revisions too", async () => {
  const cluster = new FakeCluster(1);
  await runKvClient(cluster, ["put", "k", "one"]);
  await runKvClient(cluster, ["put", "k", "two"]);
  const { stdout } = await runKvClient(cluster, ["get", "k", "--metadata"]);
  assert.is(
    stdout,
    "key:             k\nvalue:           two\nmod revision:    2\ncreate revision: 1\nversion:         2\n",
  );
});

test("get writes bytes that are no text as they are, with a newline; --raw leaves the newline out", async () => {
  const cluster = new FakeCluster(1);
  const value = Buffer.from([0, 255, 27]);
  await runKvClient(cluster, ["put", "k", "-"], { stdin: value });
  const plain = await runKvClient(cluster, ["get", "k"]);
  assert.equal(plain.stdoutBytes, Buffer.concat([value, Buffer.from("\n")]));
  assert.equal((await runKvClient(cluster, ["get", "k", "--raw"])).stdoutBytes, value);
});

test("get does not send control characters to a terminal unless asked to with --raw", async () => {
  const cluster = new FakeCluster(1);
  await runKvClient(cluster, ["put", "k", "-"], { stdin: "a\u001b[2Jb" });
  const shown = await runKvClient(cluster, ["get", "k"], { isTerminal: true });
  assert.is(shown.stdout, "a\\x1b[2Jb\n");
  assert.match(shown.stderr, "--raw");
  assert.is((await runKvClient(cluster, ["get", "k", "--raw"], { isTerminal: true })).stdout, "a\u001b[2Jb");
  await runKvClient(cluster, ["put", "text", "-"], { stdin: "two\nlines" });
  assert.is((await runKvClient(cluster, ["get", "text"], { isTerminal: true })).stdout, "two\nlines\n");
});

test("del removes a key, exits 1 when there is none, and takes a condition", async () => {
  const cluster = new FakeCluster(1);
  await runKvClient(cluster, ["put", "k", "v"]);
  const wrong = await runKvClient(cluster, ["del", "k", "--if-revision=7"]);
  assert.equal([wrong.exitCode, wrong.stdout], [1, ""]);
  const done = await runKvClient(cluster, ["del", "k"]);
  assert.equal([done.exitCode, done.stdout, done.stderr], [0, "OK\n", ""]);
  const again = await runKvClient(cluster, ["del", "k"]);
  assert.equal([again.exitCode, again.stdout, again.stderr], [1, "", 'kv_client: key not found: "k"\n']);
});

test("with --hex keys and values are hex, in and out", async () => {
  const cluster = new FakeCluster(1);
  await runKvClient(cluster, ["--hex", "put", "ff00", "DEADbeef"]);
  assert.is((await runKvClient(cluster, ["get", "ff00", "--hex"])).stdout, "deadbeef\n");
  await runKvClient(cluster, ["put", "--hex", "01", "-"], { stdin: "de ad\nbe ef\n" });
  assert.is((await runKvClient(cluster, ["--hex", "range"])).stdout, "01\tdeadbeef\nff00\tdeadbeef\n");
  const odd = await runKvClient(cluster, ["--hex", "get", "abc"]);
  assert.equal(
    [odd.exitCode, odd.stderr],
    [2, 'kv_client: "abc" is not hex: with --hex, write two digits 0-9 a-f for each byte\n'],
  );
});

test("--output json prints one object, with text as text and other bytes as hex", async () => {
  const cluster = new FakeCluster(1);
  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await runKvClient(cluster, ["--output=json", ...args])).stdout);
  const put = { status: "OK", revision: 1, prevRevision: 0, keyVersion: 1 };
  assert.equal(await json("put", "k", "v"), { ...put, replicas: 3, members: 3 });
  assert.equal(await json("put", "--no-wait", "k", "v"), {
    ...put,
    revision: 2,
    prevRevision: 1,
    keyVersion: 2,
  });
  const revisions = { createRevision: 1, modRevision: 2, keyVersion: 2 };
  assert.equal(await json("get", "k"), { key: "k", value: "v", ...revisions });
  assert.equal(await json("get", "6b", "--hex"), { keyHex: "6b", valueHex: "76", ...revisions });
  assert.equal(await json("del", "k"), { status: "OK", revision: 3, prevRevision: 2 });
  await runKvClient(cluster, ["put", "b", "-"], { stdin: Buffer.from([255]) });
  assert.equal((await json("get", "b")) as object, {
    key: "b",
    valueHex: "ff",
    createRevision: 4,
    modRevision: 4,
    keyVersion: 1,
  });
});

test("--output table prints columns under titles", async () => {
  const cluster = new FakeCluster(1);
  const table = async (...args: string[]): Promise<string> =>
    (await runKvClient(cluster, ["--output=table", ...args])).stdout;
  assert.is(
    await table("put", "mykey", "v"),
    "KEY    REVISION  PREVIOUS  VERSION  REPLICAS\nmykey         1         0        1  3 of 3\n",
  );
  assert.is(
    await table("get", "mykey"),
    "KEY    VALUE  REVISION  CREATED  VERSION\nmykey  v             1        1        1\n",
  );
  assert.is(await table("del", "mykey"), "KEY    REVISION  PREVIOUS\nmykey         2         1\n");
});

test.run();
