/** A cluster as its clients see it: every server answers every call (DESIGN §7). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvRole, KvStatus } from "../../src/kv/gen/kv.ts";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import { SimulatedHistory } from "../support/simulated-history.ts";

test("what is put on any server can be read on any other at once", async () => {
  const cluster = await SimulatedCluster.start();
  await cluster.elect();
  const client = cluster.client();
  let revision = 0;
  for (const writer of cluster.servers) {
    for (const reader of cluster.servers) {
      const value = `from ${writer.id} to ${reader.id}`;
      const put = await cluster.complete(client.put("k", value, { at: writer.id }), "the put is done");
      revision += 1;
      assert.equal(put, { kind: "ok", revision, prevRevision: revision - 1 });
      const got = await cluster.complete(client.get("k", { at: reader.id }), "the get is done");
      assert.equal(got, { kind: "ok", revision, modRevision: revision, value });
    }
  }
});

test("deletes and conditions work through every server alike", async () => {
  const cluster = await SimulatedCluster.start();
  await cluster.elect();
  const client = cluster.client();
  for (const { id: at } of cluster.servers) {
    const key = `k${at}`;
    const created = await cluster.complete(client.put(key, "1", { at, ifRevision: 0 }), "created");
    assert.is(created.kind, "ok");
    const again = await cluster.complete(client.put(key, "2", { at, ifRevision: 0 }), "refused");
    assert.is(again.kind, "conflict");
    assert.is((await cluster.complete(client.delete(key, { at }), "deleted")).kind, "ok");
    assert.is((await cluster.complete(client.delete(key, { at }), "not found")).kind, "notFound");
    const got = await cluster.complete(client.get(key, { at }), "read");
    assert.is(got.kind === "ok" && got.modRevision, 0);
  }
});

test("clients on all servers, each counting up one key by conditional writes: no count is lost or doubled", async () => {
  const cluster = await SimulatedCluster.start({ servers: 5 });
  await cluster.elect();
  const counters = cluster.servers.map(async ({ id }) => {
    const client = cluster.client();
    for (let counted = 0; counted < 8; ) {
      const seen = await client.get("counter", { at: id });
      if (seen.kind !== "ok") continue;
      const next = String(Number(seen.value) + 1);
      const end = await client.put("counter", next, { at: id, ifRevision: seen.modRevision });
      if (end.kind === "ok") counted += 1;
    }
  });
  await cluster.complete(Promise.all(counters), "all have counted");
  const end = await cluster.complete(cluster.client().get("counter"), "read");
  assert.is(end.kind === "ok" && end.value, "40");
});

test("a retry after a lost reply gets the first one's result, also from another server (DESIGN §7)", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  const first = await cluster.complete(client.callPut(leader.id, "k", "v", 1), "put");
  await cluster.complete(cluster.client().put("k", "of another client"), "put");
  for (const { id } of cluster.servers) {
    const retry = await cluster.complete(client.callPut(id, "k", "v", 1), "put again");
    assert.equal(retry.result, first.result);
  }
  assert.is(leader.machine.revision, 2);
});

test("the status of all servers agrees on leader, revision and hash", async () => {
  const cluster = await SimulatedCluster.start();
  const client = cluster.client();
  for (let i = 0; i < 20; i++) await cluster.complete(client.put(`k${i % 7}`, String(i)), "put");
  await cluster.converge();
  await cluster.advance(1_000);
  const all = [];
  for (const { id } of cluster.servers) all.push(await cluster.complete(client.status(id), "status"));
  const [first] = all;
  for (const { header, status } of all) {
    assert.equal([header.revision, header.term], [20, first!.header.term]);
    assert.equal(
      [status.leader, status.storeHash, status.keys, status.sessions, status.appliedIndex],
      [first!.status.leader, first!.status.storeHash, 7, 1, first!.status.appliedIndex],
    );
  }
  assert.is(all.filter(({ status }) => status.role === KvRole.KV_LEADER).length, 1);
  assert.ok(all.every(({ status }) => status.members.every((member) => member.reachable)));
});

test("replicas: counted through any server, and waited for until the last one has it", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const [follower, away] = cluster.followers();
  const client = cluster.client();
  away!.crash();
  const put = await cluster.complete(client.put("k", "v", { at: leader.id }), "put");
  const revision = put.kind === "ok" ? put.revision : 0;
  const two = await cluster.complete(client.replicas(follower!.id, revision, 300), "counted");
  assert.equal(two.result, { status: KvStatus.KV_OK, ok: { replicas: 2, members: 3 } });
  const waiting = client.replicas(follower!.id, revision, 60_000);
  await cluster.advance(5_000);
  await cluster.startServer(away!);
  const three = await cluster.complete(waiting, "counted", 60_000);
  assert.equal(three.result, { status: KvStatus.KV_OK, ok: { replicas: 3, members: 3 } });
  const future = await cluster.complete(client.replicas(follower!.id, revision + 1, 0), "refused");
  assert.is(future.result.status, KvStatus.KV_FUTURE_REVISION);
});

test("a cluster of one commits by itself, and comes back with all it acknowledged", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  for (let i = 0; i < 50; i++) await cluster.complete(client.put("k", String(i)), "put");
  server.crash();
  await cluster.startServer(server);
  await cluster.converge();
  assert.equal(client.history.problems(server.machine.store), []);
  assert.is(server.machine.revision, 50);
});

test("servers that were named, and start one after the other, meet and elect a leader", async () => {
  const cluster = await SimulatedCluster.start({ servers: 5, startEveryMs: 400 });
  await cluster.elect();
  const end = await cluster.complete(cluster.client().put("k", "v"), "put");
  assert.is(end.kind, "ok");
  await cluster.advance(1_000);
  for (const server of cluster.servers) {
    assert.ok(server.membership.members.every(({ incarnation }) => incarnation !== 0));
    assert.equal(server.refusals, []);
  }
});

test("a server whose data directory was lost is refused under its old id, by all (RAFT_CHECKLIST 22)", async () => {
  const cluster = await SimulatedCluster.start();
  await cluster.converge();
  const lost = cluster.followers()[0]!;
  lost.crash();
  lost.loseDisks();
  await cluster.startServer(lost);
  await cluster.advance(3_000);
  assert.is(lost.node.status.leader, 0);
  assert.is(lost.refusals.length > 0, true);
  assert.match(
    lost.refusals[0]!,
    `server ${lost.id} has another data directory than before; a server that lost its data must not come back under the same id`,
  );
  const end = await cluster.complete(cluster.client().put("k", "v", { at: cluster.leader!.id }), "put");
  assert.is(end.kind, "ok", "the others go on");
});

test.run();
