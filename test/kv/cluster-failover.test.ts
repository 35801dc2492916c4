/** Leaders that crash, stop and come back, with writes in flight (DESIGN §5, §7; RAFT_CHECKLIST 26, 27). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import { SimulatedHistory } from "../support/simulated-history.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";

/** All servers agree on everything, and the clients' history is explained by it. */
function requireAgreement(cluster: SimulatedCluster, history?: SimulatedHistory): void {
  cluster.witness.requireHarmony();
  const [first, ...others] = cluster.running.map(({ machine }) => machine);
  for (const other of others) {
    assert.is(other.store.hash, first!.store.hash);
    assert.is(other.sessions.size, first!.sessions.size);
    assert.is(other.logTimeMs, first!.logTimeMs);
  }
  if (history !== undefined) assert.equal(history.problems(first!.store), []);
  assert.equal(cluster.network.handlerErrors, []);
  for (const server of cluster.servers) assert.is(server.failure, undefined);
}

/** Adds one to the counter by conditional writes, `times` times, with tries again until each is done. */
async function countUp(cluster: SimulatedCluster, history: SimulatedHistory, times: number): Promise<void> {
  const client = cluster.client();
  client.history = history;
  for (let counted = 0; counted < times; ) {
    const seen = await client.get("counter");
    if (seen.kind !== "ok") continue;
    const value = `${Number(seen.value.split(" ")[0] ?? 0) + 1} by ${client.id}`;
    const end = await client.put("counter", value, { ifRevision: seen.modRevision });
    if (end.kind === "ok") counted += 1;
  }
}

test("the leader crashes with writes in flight, again and again: each write is carried out exactly once", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const cluster = await SimulatedCluster.start({ seed });
    const history = new SimulatedHistory();
    let done = false;
    const counters = Promise.all([1, 2, 3, 4].map(() => countUp(cluster, history, 25))).then(() => {
      done = true;
    });
    while (!done) {
      const leader = await cluster.elect();
      await cluster.advance(100 + cluster.random() * 200);
      leader.crash(cluster.random() < 0.5 ? "power" : "process");
      await cluster.advance(cluster.random() * 800);
      await cluster.startServer(leader);
    }
    await counters;
    await cluster.converge();
    const counter = cluster.leader!.machine.store.get(Buffer.from("counter"))!;
    assert.match(Buffer.from(counter.value).toString(), /^100 /);
    requireAgreement(cluster, history);
  }
});

test("a write whose reply is lost with the leader is answered by the next one with the first result", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.callPut(leader.id, "k", "first", 1), "put");
  // The leader hears the client, but not the other way round.
  cluster.network.cut(leader.address, client.address);
  const lost = client.callPut(leader.id, "k", "second", 2).then(
    () => "answered",
    (error: unknown) => String(error),
  );
  await cluster.until(() => leader.machine.revision === 2, "the leader has applied it");
  leader.crash();
  assert.match(await cluster.complete(lost, "given up"), /no reply/);
  const next = await cluster.elect();
  const retry = await cluster.complete(client.callPut(next.id, "k", "second", 2), "put again");
  assert.is(retry.result.status === 0 && retry.result.ok.revision, 2);
  assert.is(next.machine.revision, 2);
});

test("clients of a follower do not notice that the leader crashes, session or not, but for the time", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const [follower] = cluster.followers() as [SimulatedServer];
  const [withSession, without] = [cluster.client(), cluster.client()];
  await cluster.complete(withSession.put("a", "0", { at: follower.id }), "put");
  await cluster.complete(without.put("b", "0", { at: follower.id, session: false }), "put");
  leader.crash();
  await cluster.until(() => follower.node.status.leader !== leader.id, "the follower knows");
  const put = withSession.put("a", "1", { at: follower.id });
  const plain = without.put("b", "1", { at: follower.id, session: false });
  const get = without.get("a", { at: follower.id });
  const ends = await cluster.complete(Promise.all([put, plain, get]), "answered");
  assert.equal(
    ends.map(({ kind }) => kind),
    ["ok", "ok", "ok"],
  );
  assert.is(cluster.leader === leader, false);
});

test("a session's write that is in the crashed leader's hands is carried out by the next one, for the same client", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const [follower] = cluster.followers() as [SimulatedServer];
  const client = cluster.client();
  await cluster.complete(client.put("a", "0", { at: follower.id }), "put");
  // The leader hangs: it has the call, and neither answers nor breaks the connection.
  cluster.isolate(leader);
  const put = client.put("a", "1", { at: follower.id });
  const end = await cluster.complete(put, "answered");
  assert.is(end.kind, "ok");
  cluster.network.heal();
  await cluster.converge();
  requireAgreement(cluster);
  assert.is(cluster.leader!.machine.revision, 2, "though the call arrived at the former leader in the end");
});

test("a leader that stops hands over: the next one is there before it is gone (dissertation §3.10)", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  await cluster.complete(client.put("k", "0"), "put");
  const { term } = leader.node.status;
  const beganMs = cluster.clock.nowMs;
  const leaving = leader.node.leave();
  const during = client.put("k", "1", { at: leader.id });
  await cluster.complete(leaving, "handed over");
  assert.is.not(cluster.leader, leader);
  assert.is(cluster.leader!.node.status.term, term + 1, "there was one election");
  assert.ok(cluster.clock.nowMs - beganMs < 100, `it took ${cluster.clock.nowMs - beganMs} ms`);
  assert.is(
    (await cluster.complete(during, "answered")).kind,
    "ok",
    "it waited, and went to the next leader",
  );
  await cluster.complete(leader.stop(), "stopped");
  await cluster.complete(client.put("k", "2"), "put");
  await cluster.startServer(leader);
  await cluster.converge();
  requireAgreement(cluster, client.history);
});

test("a leader without anyone to hand over to stops all the same, and so does a follower, at once", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const [follower, other] = cluster.followers() as [SimulatedServer, SimulatedServer];
  await cluster.complete(follower.stop(), "stopped");
  other.crash();
  await cluster.complete(leader.stop(), "stopped", 2_000);
  assert.equal(cluster.running, []);
});

test("a hand-over to a server that does not answer is given up, and the leader stops", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  await cluster.complete(cluster.client().put("k", "v"), "put");
  cluster.isolate(leader);
  await cluster.complete(leader.stop(), "stopped", 5_000);
  cluster.network.heal();
  await cluster.elect();
});

test("all servers lose power at once, again and again: nothing that was acknowledged is lost", async () => {
  const cluster = await SimulatedCluster.start({ seed: 5, servers: 5 });
  const history = new SimulatedHistory();
  let done = false;
  const counters = Promise.all([1, 2, 3].map(() => countUp(cluster, history, 30))).then(() => {
    done = true;
  });
  while (!done) {
    await cluster.elect();
    await cluster.advance(300 * cluster.random());
    for (const server of cluster.running) server.crash("power");
    for (const server of cluster.servers) await cluster.startServer(server);
  }
  await counters;
  await cluster.converge();
  const counter = cluster.leader!.machine.store.get(Buffer.from("counter"))!;
  assert.match(Buffer.from(counter.value).toString(), /^90 /);
  requireAgreement(cluster, history);
});

test("log time goes on where it was, through elections and restarts, and never back (RAFT_CHECKLIST 28)", async () => {
  const cluster = await SimulatedCluster.start();
  const client = cluster.client();
  let lastMs = 0;
  for (let round = 0; round < 6; round++) {
    const leader = await cluster.elect();
    await cluster.advance(1_000);
    await cluster.complete(client.put("k", String(round)), "put");
    // So that all have applied it: who leads next may have heard less of the time.
    await cluster.converge();
    const { logTimeMs } = leader.machine;
    assert.ok(logTimeMs >= lastMs, `${logTimeMs} after ${lastMs}`);
    assert.ok(logTimeMs <= cluster.clock.nowMs, "never ahead of the time that really passed");
    lastMs = logTimeMs;
    leader.crash();
    await cluster.startServer(leader);
  }
  assert.ok(lastMs >= 5_000, `leaders were in office for longer than ${lastMs} ms`);
  await cluster.converge();
  requireAgreement(cluster);
});

test.run();
