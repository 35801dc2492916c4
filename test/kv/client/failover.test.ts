import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KvClient,
  KvRefusedError,
  KvStatus,
  KvUnavailableError,
  KvUncertainError,
} from "../../../src/kv/index.ts";
import { RpcServer } from "../../../src/oncrpc/index.ts";
import { echoService } from "../../support/echo-service.ts";
import { failureOfClass } from "../../support/failure.ts";
import { answering } from "../../support/fake-kv-server.ts";
import { clusterWithClient, IMPATIENT } from "../../support/kv-cluster-client.ts";

test("calls go to the first server as long as it works", async () => {
  const { cluster, kv } = clusterWithClient();
  await kv.put("k", "v");
  await kv.get("k");
  assert.equal(
    cluster.servers.map(({ calls }) => calls.length),
    [2, 0, 0],
  );
  kv.close();
});

test("servers are tried in the order in which they were given, and the one that works is kept", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.isDown = true;
  cluster.servers[1]!.isDown = true;
  await kv.put("k", "v");
  cluster.servers[0]!.isDown = false;
  cluster.servers[1]!.isDown = false;
  await kv.get("k");
  await kv.get("k");
  assert.equal(
    cluster.servers.map(({ calls }) => calls.length),
    [0, 0, 3],
  );
  kv.close();
});

for (const status of ["KV_UNAVAILABLE", "KV_BUSY"] as const) {
  test(`a call that is answered ${status} is made at the next server`, async () => {
    const { cluster, kv } = clusterWithClient();
    cluster.servers[0]!.standingFault = answering(KvStatus[status]);
    assert.is((await kv.put("k", "v")).revision, 1);
    assert.is((await kv.get("k"))?.value.toString(), "v");
    assert.equal(cluster.servers[0]!.calls, ["KV_PUT"]);
    assert.equal(cluster.servers[1]!.calls, ["KV_PUT", "KV_GET"]);
    kv.close();
  });
}

test("a server that is silent is given up, together with its connection", async () => {
  const { cluster, kv } = clusterWithClient(3, IMPATIENT);
  const [first, second] = cluster.servers;
  first!.faults.push({ kind: "silence", isApplied: false });
  await kv.put("k", "v");
  second!.isDown = true;
  second!.hangUp();
  cluster.servers[2]!.isDown = true;
  await kv.get("k");
  assert.is(first!.connections, 2);
  kv.close();
});

test("a server that hangs is found out before calls time out, and all calls in flight go to the next one", async () => {
  const { cluster, kv } = clusterWithClient();
  await kv.put("k", "v");
  cluster.servers[0]!.isHung = true;
  const calls = Array.from({ length: 10 }, (_, i) => kv.put(`key-${i}`, "v"));
  await Promise.all(calls);
  assert.is(cluster.store.revision, 11);
  assert.is((await kv.get("k"))?.value.toString(), "v");
  assert.equal(cluster.servers[1]!.calls, [...Array(10).fill("KV_PUT"), "KV_GET"]);
  kv.close();
});

test("a server that is alive and takes its time for a call is waited for", async () => {
  const { cluster, kv } = clusterWithClient(2);
  cluster.servers[0]!.faults.push(answering(KvStatus.KV_NOT_FOUND, "there is no such key", 1_200));
  assert.is(await kv.get("k"), undefined);
  assert.equal(cluster.servers[1]!.calls, []);
  kv.close();
});

test("after a round over all servers the call goes round again, until one of them can do it", async () => {
  const { cluster, kv } = clusterWithClient();
  for (const server of cluster.servers) {
    for (let i = 0; i < 2; i++) server.faults.push(answering(KvStatus.KV_UNAVAILABLE));
  }
  assert.is((await kv.put("k", "v")).revision, 1);
  assert.equal(
    cluster.servers.map(({ calls }) => calls.length),
    [3, 2, 2],
  );
  kv.close();
});

test("a server that comes back while the call goes round is found", async () => {
  const { cluster, kv } = clusterWithClient(1);
  const [server] = cluster.servers;
  server!.isDown = true;
  const put = kv.put("k", "v");
  setImmediate(() => {
    server!.isDown = false;
  });
  assert.is((await put).revision, 1);
  kv.close();
});

test("when no server can be reached in time, the error names each with its reason", async () => {
  const { cluster, kv } = clusterWithClient(3, { timeoutMs: 60 });
  for (const server of cluster.servers) server.isDown = true;
  const error = await failureOfClass(KvUnavailableError, kv.put("k", "v"));
  assert.is(error.code, "UNAVAILABLE");
  assert.is(error.status, undefined);
  assert.equal(error.failures, [
    { server: "s1:1", reason: "connection refused (ECONNREFUSED)" },
    { server: "s2:1", reason: "connection refused (ECONNREFUSED)" },
    { server: "s3:1", reason: "connection refused (ECONNREFUSED)" },
  ]);
  assert.match(error.message, "(s1:1, s2:1, s3:1: connection refused (ECONNREFUSED))");
  kv.close();
});

test("when there is no majority, a call ends as unavailable, with the servers' words", async () => {
  const { cluster, kv } = clusterWithClient(3, { timeoutMs: 100 });
  for (const server of cluster.servers)
    server.standingFault = answering(KvStatus.KV_UNAVAILABLE, "no majority");
  const error = await failureOfClass(KvUnavailableError, kv.get("k"));
  assert.is(error.status, KvStatus.KV_UNAVAILABLE);
  assert.match(error.message, "no majority");
  kv.close();
});

test("a read that is told there is no majority says so, also when its last try is cut short by its own time", async () => {
  const { cluster, kv } = clusterWithClient(1, { timeoutMs: 1_000 });
  cluster.servers[0]!.standingFault = answering(KvStatus.KV_UNAVAILABLE, "no majority", 600);
  const error = await failureOfClass(KvUnavailableError, kv.get("k"));
  assert.is(error.status, KvStatus.KV_UNAVAILABLE);
  assert.match(error.message, "no majority");
  assert.equal(cluster.servers[0]!.calls, ["KV_GET", "KV_GET"]);
  kv.close();
});

test("a write that was told there is no majority is not begun anew without the time to be told so again", async () => {
  const { cluster, kv } = clusterWithClient(1, { timeoutMs: 1_000 });
  cluster.servers[0]!.faults.push(answering(KvStatus.KV_UNAVAILABLE, "no majority", 600));
  cluster.servers[0]!.standingFault = { kind: "silence", isApplied: true };
  const error = await failureOfClass(KvUnavailableError, kv.put("k", "v"));
  assert.match(error.message, "no majority");
  assert.equal(cluster.servers[0]!.calls, ["KV_PUT"]);
  assert.is(cluster.store.revision, 0);
  kv.close();
});

test("a write that some server may have applied, and that no other can tell of, is uncertain", async () => {
  const { cluster, kv } = clusterWithClient(2, { ...IMPATIENT, timeoutMs: 300 });
  const [first, second] = cluster.servers;
  first!.standingFault = { kind: "silence", isApplied: true };
  second!.standingFault = answering(KvStatus.KV_UNAVAILABLE);
  const error = await failureOfClass(KvUncertainError, kv.put("k", "v"));
  assert.is(error.code, "UNCERTAIN");
  assert.match(error.message, /^the write may or may not have been applied/);
  assert.is(cluster.store.revision, 1);
  kv.close();
});

test("a read has nothing to be uncertain of: without an answer it is unavailable", async () => {
  const { cluster, kv } = clusterWithClient(1, { timeoutMs: 60 });
  cluster.servers[0]!.standingFault = { kind: "silence", isApplied: true };
  await failureOfClass(KvUnavailableError, kv.get("k"));
  kv.close();
});

test("a refusal ends the call at once", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.faults.push(answering(KvStatus.KV_TOO_LARGE, "this server takes 10 bytes"));
  const error = await failureOfClass(KvRefusedError, kv.put("k", "v"));
  assert.is(error.code, "TOO_LARGE");
  assert.is(error.status, KvStatus.KV_TOO_LARGE);
  assert.is(error.message, "s1:1 refused: this server takes 10 bytes");
  assert.equal(cluster.servers[1]!.calls, []);
  kv.close();
});

test("a refusal does not end a write that another server may have applied", async () => {
  const { cluster, kv } = clusterWithClient();
  cluster.servers[0]!.faults.push({ kind: "hang-up", isApplied: true });
  cluster.servers[1]!.faults.push(answering(KvStatus.KV_NO_SPACE));
  assert.is((await kv.put("k", "v")).revision, 1);
  assert.is(cluster.store.revision, 1);
  kv.close();
});

test("an RPC server that does not serve the KV program is not asked until the time is up", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const { host, port } = await server.listen();
  const kv = new KvClient({ servers: [`${host}:${port}`] });
  const error = await failureOfClass(KvUnavailableError, kv.put("k", "v"));
  assert.match(error.message, "the RPC server there does not serve the KV program");
  kv.close();
  await server.close();
});

test.run();
