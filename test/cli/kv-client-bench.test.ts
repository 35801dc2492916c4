import { test } from "uvu";
import * as assert from "uvu/assert";
import { FakeCluster } from "../support/fake-kv-server.ts";
import { runKvClient } from "../support/run-kv-client.ts";

const SMALL = ["--total=300", "--clients=20", "--connections=3", "--key-space=50", "--value-size=10"];

test("bench put writes so many values of such a size to so many keys, and ends with one line", async () => {
  const cluster = new FakeCluster();
  const { exitCode, stdout } = await runKvClient(cluster, ["bench", "put", ...SMALL]);
  assert.is(exitCode, 0);
  assert.match(stdout, /^put 20 clients: \d+ ops\/s, p50 \d+\.\d+ ms, p99 \d+\.\d+ ms\n$/);
  assert.is(cluster.store.revision, 300);
  const pairs = cluster.store.range(Buffer.from("bench/"), Buffer.from("bench0"));
  assert.is(pairs.length, 50);
  assert.is(pairs[0]!.value.length, 10);
});

test("bench spreads its connections over the servers", async () => {
  const cluster = new FakeCluster();
  await runKvClient(cluster, ["bench", "put", ...SMALL]);
  assert.equal(
    cluster.servers.map(({ connections }) => connections),
    [1, 1, 1],
  );
});

test("bench --target-leader sends all to the leader, wherever it stands in the list", async () => {
  const cluster = new FakeCluster();
  await runKvClient(cluster, ["--server=s2:1,s3:1,s1:1", "bench", "put", "--target-leader", ...SMALL]);
  assert.equal(
    cluster.servers.map(({ calls }) => calls.filter((name) => name === "KV_PUT").length),
    [300, 0, 0],
  );
  assert.is(cluster.servers[0]!.connections, 4);
});

test("bench --output json tells all figures", async () => {
  const cluster = new FakeCluster();
  await runKvClient(cluster, ["bench", "put", ...SMALL]);
  const { stdout, stderr } = await runKvClient(cluster, ["--output=json", "bench", "get", ...SMALL]);
  assert.is(stderr, "");
  const { seconds, opsPerSecond, p50Ms, p90Ms, p99Ms, maxMs, ...rest } = JSON.parse(stdout);
  assert.equal(rest, {
    operation: "get",
    clients: 20,
    connections: 3,
    total: 300,
    valueSize: 10,
    keySpace: 50,
    completed: 300,
    errors: 0,
    notFound: 0,
  });
  assert.ok(seconds > 0 && opsPerSecond > 0);
  assert.ok(0 < p50Ms && p50Ms <= p90Ms && p90Ms <= p99Ms && p99Ms <= maxMs);
});

test("bench get says how many keys did not exist", async () => {
  const { exitCode, stderr } = await runKvClient(new FakeCluster(), ["bench", "get", ...SMALL]);
  assert.is(exitCode, 0);
  assert.is(stderr, 'kv_client: 300 of 300 keys did not exist; "kv_client bench put" writes them\n');
});

test("bench stops when nothing succeeds any more, reports what it has, and exits 3", async () => {
  const cluster = new FakeCluster(1);
  cluster.servers[0]!.isDown = true;
  const args = ["--timeout=60ms", "--output=json", "bench", "put", ...SMALL];
  const { exitCode, stdout, stderr } = await runKvClient(cluster, args);
  assert.is(exitCode, 3);
  const { completed, errors } = JSON.parse(stdout);
  assert.is(completed, 0);
  // Each of the 20 callers may have begun another call before the last of the first 20 had failed.
  assert.ok(errors >= 20 && errors < 40, `${errors}`);
  assert.match(
    stderr,
    `kv_client: ${errors} calls failed, and stopped after ${errors} of 300; the last one: no server`,
  );
});

test.run();
