import { test } from "uvu";
import * as assert from "uvu/assert";
import { FakeCluster } from "../support/fake-kv-server.ts";
import { runKvClient } from "../support/run-kv-client.ts";

test("status prints a row a server, and one that is down has a row that says so", async () => {
  const cluster = new FakeCluster();
  await runKvClient(cluster, ["put", "k", "v"]);
  cluster.servers[2]!.isDown = true;
  const { exitCode, stdout } = await runKvClient(cluster, ["status"]);
  assert.is(exitCode, 0);
  assert.is(
    stdout,
    [
      "SERVER  ADDRESS  ROLE      TERM  REVISION  LOG  APPLIED  KEYS  SESSIONS   MEMORY  NOTE",
      "1       s1:1     leader       3         1    5        5     1         1  12.3 MB",
      "2       s2:1     follower     3         1    5        5     1         1  12.3 MB",
      "-       s3:1     down         -         -    -        -     -         -        -  connection refused (ECONNREFUSED)",
      "",
    ].join("\n"),
  );
});

test("status warns of a full disk and of stores that differ at the same revision", async () => {
  const cluster = new FakeCluster(2);
  cluster.servers[0]!.alarms = 1;
  cluster.servers[1]!.storeHash = 78;
  const { stdout } = await runKvClient(cluster, ["status"]);
  const [, first, second] = stdout.split("\n");
  assert.match(first!, "disk full: no writes");
  assert.match(second!, "STORE DIFFERS from server 1: one of them is damaged");
});

test("status exits 3 when no server answers, and when no server knows of a leader", async () => {
  const cluster = new FakeCluster(2);
  for (const server of cluster.servers) server.leader = 0;
  const leaderless = await runKvClient(cluster, ["status"]);
  assert.is(leaderless.exitCode, 3);
  assert.match(leaderless.stdout, "knows no leader");
  assert.is(leaderless.stderr, "kv_client: no server knows of a leader: is a majority of them up?\n");
  for (const server of cluster.servers) server.isDown = true;
  const down = await runKvClient(cluster, ["status"]);
  assert.is(down.exitCode, 3);
  assert.match(down.stdout, /-\s+s2:1\s+down/);
  assert.is(down.stderr, "kv_client: none of the servers answers\n");
});

test("status --output json is an array with all that the servers say", async () => {
  const cluster = new FakeCluster(2);
  cluster.servers[1]!.isDown = true;
  const { stdout } = await runKvClient(cluster, ["status", "--output", "json"]);
  const [up, down] = JSON.parse(stdout);
  assert.is(up.address, "s1:1");
  assert.is(up.up, true);
  assert.is(up.role, "leader");
  assert.is(up.server, 1);
  assert.is(up.cluster, 42);
  assert.is(up.members.length, 3);
  assert.equal(down, { address: "s2:1", up: false, reason: "connection refused (ECONNREFUSED)" });
});

test("status says of servers that have not formed their cluster that this is so", async () => {
  const cluster = new FakeCluster(2);
  for (const server of cluster.servers) {
    server.leader = 0;
    server.cluster = 0;
  }
  const { exitCode, stdout, stderr } = await runKvClient(cluster, ["status"]);
  assert.is(exitCode, 3);
  assert.match(stdout, "its cluster is not formed yet");
  assert.match(stderr, "the cluster is not formed yet: for that, all servers that --peers names must run");
});

test.run();
