/** Parts of a cluster that cannot reach each other (DESIGN §5, §7; RAFT_CHECKLIST 14, 15, 17 to 19, 30). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import { PATIENCE_MS, SimulatedCluster, TIMES } from "../support/simulated-cluster.ts";
import { SimulatedHistory } from "../support/simulated-history.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";

interface Stage {
  readonly cluster: SimulatedCluster;
  readonly leader: SimulatedServer;
  readonly follower: SimulatedServer;
  readonly other: SimulatedServer;
}

async function stage(): Promise<Stage> {
  const cluster = await SimulatedCluster.start();
  await cluster.converge();
  await cluster.advance(1_000);
  const [follower, other] = cluster.followers() as [SimulatedServer, SimulatedServer];
  return { cluster, leader: cluster.leader!, follower, other };
}

test("a leader that is cut off refuses linearizable reads, and is never stale; serializable ones go on", async () => {
  const { cluster, leader, follower } = await stage();
  const client = cluster.client();
  await cluster.complete(client.put("k", "old", { at: leader.id }), "put");
  cluster.isolate(leader);
  const early = client.get("k", { at: leader.id });
  await cluster.until(() => cluster.leader !== leader, "the others have elected a leader");
  const put = await cluster.complete(client.put("k", "new", { at: follower.id }), "put");
  assert.is(put.kind, "ok");
  const late = client.get("k", { at: leader.id });
  const [first, second] = await cluster.complete(Promise.all([early, late]), "refused");
  assert.equal(first, { kind: "refused", status: KvStatus.KV_UNAVAILABLE });
  assert.equal(second, { kind: "refused", status: KvStatus.KV_UNAVAILABLE });
  const stale = await cluster.complete(client.get("k", { at: leader.id, serializable: true }), "read");
  assert.is(stale.kind === "ok" && stale.value, "old");
  cluster.network.heal();
  const fresh = await cluster.complete(client.get("k", { at: leader.id }), "read");
  assert.is(fresh.kind === "ok" && fresh.value, "new");
});

test("the clients of a leader that is cut off hear KV_UNCERTAIN for what it took on, KV_UNAVAILABLE for what it did not", async () => {
  const { cluster, leader } = await stage();
  const client = cluster.client();
  cluster.isolate(leader);
  const taken = client.callPut(leader.id, "k", "taken");
  const takenInSession = client.callPut(leader.id, "k", "taken, with a session", 1);
  await cluster.until(() => !leader.isLeader, "it has stepped down");
  const late = client.callPut(leader.id, "k", "late");
  const results = await cluster.complete(Promise.all([taken, takenInSession, late]), "answered");
  assert.equal(
    results.map(({ result }) => result.status),
    [KvStatus.KV_UNCERTAIN, KvStatus.KV_UNCERTAIN, KvStatus.KV_UNAVAILABLE],
  );
  cluster.network.heal();
  await cluster.converge();
  assert.is(leader.machine.revision, 0, "another leader's entries took their place");
});

test("a write without a session that is overwritten is carried out after all, once, when the cluster is whole in time", async () => {
  const { cluster, leader, follower } = await stage();
  const client = cluster.client();
  cluster.isolate(leader);
  const put = client.callPut(leader.id, "k", "at the old leader");
  await cluster.until(() => cluster.leader !== leader, "the others have elected a leader");
  await cluster.complete(client.callPut(follower.id, "k", "at the new one"), "put");
  cluster.network.heal();
  const { result } = await cluster.complete(put, "answered");
  assert.is(result.status, KvStatus.KV_OK);
  await cluster.converge();
  assert.is(leader.machine.revision, 2);
});

test("answers come within the request time-out, whatever happens", async () => {
  const { cluster, leader, follower, other } = await stage();
  cluster.network.part([leader.address], [follower.address, other.address]);
  cluster.network.part([follower.address], [other.address]);
  const client = cluster.client();
  const beganMs = cluster.clock.nowMs;
  const calls = cluster.servers.flatMap(({ id }) => [
    client.callPut(id, "k", "v"),
    client.callPut(id, "k", "v", 1),
    client.callGet(id, "k"),
  ]);
  const results = await cluster.complete(Promise.all(calls), "answered");
  const slackMs = 200;
  assert.ok(cluster.clock.nowMs - beganMs <= TIMES.requestTimeoutMs + slackMs);
  const statuses = new Set(results.map(({ result }) => result.status));
  assert.equal([...statuses].sort(), [KvStatus.KV_UNAVAILABLE, KvStatus.KV_UNCERTAIN]);
});

test("a follower that is cut off deposes nobody when it comes back (RAFT_CHECKLIST 14)", async () => {
  const { cluster, leader, follower } = await stage();
  const { term } = leader.node.status;
  cluster.isolate(follower);
  await cluster.advance(10_000);
  cluster.network.heal();
  await cluster.converge();
  assert.is(cluster.leader, leader);
  assert.is(leader.node.status.term, term);
});

test("a follower that hears the leader and is not heard by it, and the other way round: the others go on", async () => {
  for (const direction of ["to", "from"] as const) {
    const { cluster, leader, follower, other } = await stage();
    if (direction === "to") cluster.network.cut(follower.address, leader.address);
    else cluster.network.cut(leader.address, follower.address);
    await cluster.advance(5_000);
    const client = cluster.client();
    const put = await cluster.complete(client.put("k", "v", { at: other.id }), "put");
    assert.is(put.kind, "ok");
    cluster.network.heal();
    await cluster.converge();
    const got = await cluster.complete(client.get("k", { at: follower.id }), "read");
    assert.is(got.kind === "ok" && got.value, "v");
  }
});

test("a follower that reaches only the other follower still serves its clients, once that one leads", async () => {
  const { cluster, leader, follower, other } = await stage();
  cluster.network.part([leader.address], [follower.address]);
  // Two of three see the leader; it stays. The third has no way to it, and says so.
  const client = cluster.client();
  const refused = await cluster.complete(client.put("k", "v", { at: follower.id }), "answered");
  assert.is(refused.kind === "ok", false);
  cluster.network.part([leader.address], [other.address]);
  const end = await cluster.complete(client.put("k", "w", { at: follower.id }), "put", PATIENCE_MS);
  assert.is(end.kind, "ok");
});

test("a read on a follower waits until it has applied what was committed when the read began (RAFT_CHECKLIST 19)", async () => {
  const { cluster, leader, follower } = await stage();
  const client = cluster.client();
  // Entries come to this follower late, the answers to its questions do not.
  follower.diskDelayMs = 40;
  for (let i = 0; i < 40; i++) {
    const put = await cluster.complete(client.put("k", String(i), { at: leader.id }), "put");
    const revision = put.kind === "ok" ? put.revision : 0;
    const got = await cluster.complete(client.get("k", { at: follower.id }), "read");
    assert.ok(got.kind === "ok" && got.revision >= revision && got.value === String(i));
  }
});

test("without a majority the log does not grow, however much is asked (RAFT_CHECKLIST 30)", async () => {
  const { cluster, leader } = await stage();
  cluster.isolate(leader);
  const client = cluster.client();
  const statuses = new Set<KvStatus>();
  const pour = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) {
      const { result } = await client.callPut(leader.id, "k", "x".repeat(1_000));
      statuses.add(result.status);
    }
  };
  const pouring = Promise.all(Array.from({ length: 50 }, pour));
  await cluster.until(() => !leader.isLeader, "it has stepped down");
  const { lastIndex } = leader.node.status;
  await cluster.complete(pouring, "all are answered", 60_000);
  assert.is(leader.node.status.lastIndex, lastIndex);
  assert.equal([...statuses].sort(), [KvStatus.KV_UNAVAILABLE, KvStatus.KV_UNCERTAIN]);
  cluster.network.heal();
  await cluster.converge();
  cluster.witness.requireHarmony();
});

test("five servers that fall apart into two and three: three go on, two refuse, and all agree afterwards", async () => {
  const cluster = await SimulatedCluster.start({ servers: 5, seed: 3 });
  await cluster.converge();
  const history = new SimulatedHistory();
  const minority = cluster.servers.slice(0, 2).map(({ address }) => address);
  const majority = cluster.servers.slice(2).map(({ address }) => address);
  const client = cluster.client();
  client.history = history;
  for (let round = 0; round < 4; round++) {
    cluster.network.part(minority, majority);
    await cluster.until(() => cluster.server(3).node.status.leader >= 3, "the three have a leader");
    const put = await cluster.complete(client.put("k", `three ${round}`, { at: 4 }), "put");
    assert.is(put.kind, "ok");
    const refused = await cluster.complete(client.put("k", `two ${round}`, { at: 2 }), "refused");
    assert.ok(refused.kind === "refused" || refused.kind === "uncertain");
    cluster.network.heal();
    await cluster.converge();
  }
  cluster.witness.requireHarmony();
  assert.equal(history.problems(cluster.leader!.machine.store), []);
});

test("calls that were held up by a partition, and arrive long after, do no harm", async () => {
  const { cluster, leader, follower } = await stage();
  const history = new SimulatedHistory();
  const client = cluster.client();
  client.history = history;
  await cluster.complete(client.put("k", "0", { at: follower.id }), "put");
  cluster.network.cut(follower.address, leader.address);
  // It goes to the leader, and is stuck on the way; the client goes on elsewhere.
  const stuck = await cluster.complete(client.put("k", "1", { at: follower.id }), "given up");
  assert.is(stuck.kind, "uncertain");
  const next = await cluster.complete(client.put("k", "2", { at: leader.id }), "put");
  assert.is(next.kind, "ok");
  cluster.network.heal();
  await cluster.advance(2_000);
  await cluster.converge();
  const got = await cluster.complete(client.get("k"), "read");
  assert.is(got.kind === "ok" && got.value, "2", "sequence 2 is old by then");
  assert.equal(history.problems(leader.machine.store), []);
  cluster.witness.requireHarmony();
});

test.run();
