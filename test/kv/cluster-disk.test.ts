/** Disks that are slow, full or fail under a server of a cluster, and what is on them afterwards (DESIGN §6). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import { CheckpointError } from "../../src/kv/store/errors.ts";
import type { SimulatedClient } from "../support/simulated-client.ts";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import { SimulatedHistory } from "../support/simulated-history.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";

const CHECKPOINT_EVERY_MS = 10_000;
/** Most entries must be read from disk when they are needed. */
const SMALL_MEMORY = { segmentBytes: 1 << 16, tailLimitBytes: 1 << 14 };

/** Puts so many pairs, many at a time. */
async function fill(cluster: SimulatedCluster, count: number, valueBytes: number = 10): Promise<void> {
  const value = "x".repeat(valueBytes);
  const writer = async (): Promise<void> => {
    const client = cluster.client();
    for (let i = 0; i < count / 50; i++) await client.put(`k${i % 20}`, `${client.id} ${i} ${value}`);
  };
  const writers = Array.from({ length: 50 }, writer);
  await cluster.complete(Promise.all(writers), "all are written", 600_000);
}

/** Writes until the log of `server` has no room left, as the server sees it. */
async function fillLog(
  cluster: SimulatedCluster,
  client: SimulatedClient,
  server: SimulatedServer,
): Promise<void> {
  for (let i = 0; i < 200 && !server.log.full; i++)
    await cluster.complete(client.put("fill", `${i} ${"x".repeat(5_000)}`), "put");
  assert.is(server.log.full, true);
}

function requireAgreement(cluster: SimulatedCluster, history?: SimulatedHistory): void {
  cluster.witness.requireHarmony();
  const machines = cluster.running.map(({ machine }) => machine);
  assert.is(new Set(machines.map(({ store }) => store.hash)).size, 1);
  if (history !== undefined) assert.equal(history.problems(machines[0]!.store), []);
}

test("a leader whose disk is slow commits by the disks of the others", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  leader.diskDelayMs = 50;
  const beganMs = cluster.clock.nowMs;
  for (let i = 0; i < 20; i++) await cluster.complete(client.put("k", String(i), { at: leader.id }), "put");
  assert.ok(cluster.clock.nowMs - beganMs < 20 * 50, "it does not wait for its own");
  assert.is(cluster.leader, leader);
  await cluster.converge();
  requireAgreement(cluster);
});

test("a leader whose disk hangs gives way, though its followers hear it well (RAFT_CHECKLIST 16)", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  await cluster.complete(client.put("k", "0"), "put");
  leader.diskDelayMs = Number.POSITIVE_INFINITY;
  const writing = (async () => {
    for (let i = 1; i <= 30; i++) await client.put("k", String(i));
  })();
  await cluster.until(() => cluster.leader !== undefined && cluster.leader !== leader, "another one leads");
  await cluster.complete(writing, "all are written", 60_000);
  leader.recoverDisk();
  await cluster.converge();
  requireAgreement(cluster, client.history);
  assert.is(cluster.leader!.machine.revision, 31);
});

test("nothing is acknowledged that only hanging disks have (RAFT_CHECKLIST 1)", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.put("k", "0"), "put");
  await cluster.converge();
  for (const follower of cluster.followers()) follower.diskDelayMs = Number.POSITIVE_INFINITY;
  const end = await cluster.complete(client.put("k", "1", { at: leader.id }), "answered");
  assert.is(end.kind, "uncertain");
  for (const server of cluster.servers) server.crash("power");
  for (const server of cluster.servers) server.recoverDisk();
  for (const server of cluster.followers()) await cluster.startServer(server);
  for (const server of cluster.servers) if (!server.isUp) await cluster.startServer(server);
  await cluster.converge();
  requireAgreement(cluster);
});

test("a follower with a full disk holds nobody up, and catches up when there is room (DESIGN §6)", async () => {
  const cluster = await SimulatedCluster.start({ log: { segmentBytes: 1 << 15 } });
  const leader = await cluster.elect();
  const follower = cluster.followers()[0]!;
  const client = cluster.client();
  client.history = new SimulatedHistory();
  follower.fillDisk(0);
  await fillLog(cluster, client, follower);
  for (let i = 0; i < 30; i++) {
    const end = await cluster.complete(client.put("k", String(i), { at: leader.id }), "put");
    assert.is(end.kind, "ok");
  }
  assert.ok(follower.machine.appliedIndex < leader.machine.appliedIndex);
  assert.is(follower.node.status.leader, leader.id, "it goes on following");
  const { status } = await cluster.complete(client.status(follower.id), "status");
  assert.is(status.alarms, 1);
  const stale = await cluster.complete(client.get("k", { at: follower.id, serializable: true }), "read");
  assert.is(stale.kind, "ok", "reads go on");
  follower.logDisk.capacityBytes = Number.POSITIVE_INFINITY;
  await cluster.until(() => !follower.log.full, "there is room");
  await cluster.converge();
  requireAgreement(cluster, client.history);
  const after = await cluster.complete(client.status(follower.id), "status");
  assert.is(after.status.alarms, 0);
});

test("a leader with a full disk refuses writes, serves reads, and takes writes again when there is room", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1, log: { segmentBytes: 1 << 15 } });
  const leader = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  leader.fillDisk(0);
  const refused: KvStatus[] = [];
  for (let i = 0; i < 40; i++) {
    const end = await cluster.complete(client.put("k", `${i} ${"x".repeat(3_000)}`, { at: 1 }), "put");
    if (end.kind === "refused") refused.push(end.status);
  }
  assert.ok(refused.length > 0 && refused.every((status) => status === KvStatus.KV_NO_SPACE));
  const got = await cluster.complete(client.get("k"), "read");
  assert.is(got.kind, "ok");
  leader.logDisk.capacityBytes = Number.POSITIVE_INFINITY;
  await cluster.until(() => !leader.log.full, "there is room");
  assert.is((await cluster.complete(client.put("k", "again"), "put")).kind, "ok");
  requireAgreement(cluster, client.history);
});

test("a majority with full disks: the leader refuses writes with that status, and takes them again when there is room", async () => {
  const cluster = await SimulatedCluster.start({ log: { segmentBytes: 1 << 15 } });
  const leader = await cluster.elect();
  const followers = cluster.followers();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  await cluster.complete(client.put("k", "0", { at: leader.id }), "put");
  for (const follower of followers) follower.fillDisk(0);
  const ends = new Set<string>();
  for (let i = 1; i <= 40; i++) {
    const value = `${i} ${"x".repeat(3_000)}`;
    const end = await cluster.complete(client.put("k", value, { at: leader.id }), "answered");
    ends.add(end.kind === "refused" ? `refused ${end.status}` : end.kind);
  }
  assert.equal([...ends], ["ok", "uncertain", `refused ${KvStatus.KV_NO_SPACE}`]);
  const through = await cluster.complete(client.put("k", "x", { at: followers[0]!.id }), "answered");
  assert.equal(through.kind === "refused" && through.status, KvStatus.KV_NO_SPACE);
  assert.is((await cluster.complete(client.get("k", { at: leader.id }), "read")).kind, "ok", "reads go on");
  assert.is(cluster.leader, leader);
  for (const { logDisk } of followers) logDisk.capacityBytes = Number.POSITIVE_INFINITY;
  await cluster.advance(1_000);
  assert.is((await cluster.complete(client.put("k", "again", { at: leader.id }), "put")).kind, "ok");
  await cluster.converge();
  requireAgreement(cluster, client.history);
});

test("a store that is full: writes go on in the log, and the checkpoint is made when there is room", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  const full = new CheckpointError("ENOSPC", "no space left on device");
  await cluster.complete(client.put("k", "0"), "put");
  server.records.failNextCommit(full);
  await cluster.advance(CHECKPOINT_EVERY_MS);
  for (let i = 1; i < 4; i++) {
    server.records.failNextCommit(full);
    await cluster.complete(client.put("k", String(i)), "put");
    await cluster.advance(1_000);
  }
  assert.is((await cluster.complete(client.status(1), "status")).status.alarms, 1);
  await cluster.advance(2_000);
  assert.is((await cluster.complete(client.status(1), "status")).status.alarms, 0);
  server.crash();
  await cluster.startServer(server);
  assert.is(server.machine.revision, 4, "all of it is in the checkpoint");
  assert.is(server.machine.sessions.size, 1);
});

test("after a crash a server goes on from its checkpoint, and applies the rest of its log again", async () => {
  const cluster = await SimulatedCluster.start();
  await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 30; i++) await cluster.complete(client.put(`k${i % 4}`, `${round} ${i}`), "put");
    await cluster.advance(CHECKPOINT_EVERY_MS);
    for (let i = 0; i < 10; i++) await cluster.complete(client.put(`k${i % 4}`, `${round} late ${i}`), "put");
    const victim = cluster.servers[round % 3]!;
    const { revision } = victim.machine;
    victim.crash("power");
    await cluster.startServer(victim);
    assert.ok(victim.machine.revision > 0 && victim.machine.revision <= revision);
  }
  await cluster.converge();
  requireAgreement(cluster, client.history);
  assert.is(cluster.leader!.machine.revision, 200);
});

test("a crash at the moment of a checkpoint leaves the one before, and nothing is missing", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  server.checkpointDelayMs = 300;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 10; i++) await cluster.complete(client.put("k", `${round} ${i}`), "put");
    await cluster.advance(CHECKPOINT_EVERY_MS + 50 * round);
    server.crash("power");
    await cluster.startServer(server);
    await cluster.elect();
  }
  await cluster.converge();
  requireAgreement(cluster, client.history);
  assert.is(server.machine.revision, 60);
});

test("the log is cut when all members have it, and is kept for one that is away, until it is back", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const follower = cluster.followers()[0]!;
  await fill(cluster, 6_000);
  await cluster.advance(2 * CHECKPOINT_EVERY_MS);
  for (const server of cluster.servers) assert.ok(server.log.firstIndex > 1, `server ${server.id} keeps all`);

  follower.crash("power");
  const { firstIndex } = leader.log;
  const missed = leader.log.lastIndex + 1;
  await fill(cluster, 6_000);
  await cluster.advance(2 * CHECKPOINT_EVERY_MS);
  for (const server of cluster.running) assert.ok(server.log.firstIndex <= missed, "what it misses is kept");
  assert.ok(leader.log.firstIndex >= firstIndex);

  await cluster.startServer(follower);
  await cluster.converge();
  requireAgreement(cluster);
  await fill(cluster, 100);
  await cluster.advance(2 * CHECKPOINT_EVERY_MS);
  for (const server of cluster.servers)
    assert.ok(server.log.firstIndex > missed, `server ${server.id} keeps all`);
});

test("a new leader, too, keeps the log for a member that it has never heard of", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  await cluster.converge();
  const away = cluster.followers()[0]!;
  away.crash("power");
  await fill(cluster, 6_000);
  leader.crash();
  await cluster.startServer(leader);
  await fill(cluster, 1_000);
  await cluster.advance(2 * CHECKPOINT_EVERY_MS);
  for (const server of cluster.running) assert.is(server.log.firstIndex, 1);
  await cluster.startServer(away);
  await cluster.converge();
  requireAgreement(cluster);
});

test("a follower far behind is brought up from the leader's disk, while the leader goes on", async () => {
  const cluster = await SimulatedCluster.start({ log: SMALL_MEMORY });
  await cluster.elect();
  const away = cluster.followers()[0]!;
  away.crash("power");
  await fill(cluster, 3_000, 100);
  await cluster.startServer(away);
  await fill(cluster, 500, 100);
  await cluster.converge();
  requireAgreement(cluster);
});

test("a server that starts applies a log that is larger than what it keeps in memory", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1, log: SMALL_MEMORY });
  const server = await cluster.elect();
  await fill(cluster, 3_000, 100);
  const { hash, revision } = server.machine.store;
  server.crash("power");
  await cluster.startServer(server);
  assert.is(server.machine.revision, 0, "there was no checkpoint");
  await cluster.converge();
  assert.equal([server.machine.store.hash, server.machine.revision], [hash, revision]);
  requireAgreement(cluster);
});

test("entries that are damaged on disk are neither applied nor sent: the server ends (DESIGN §6)", async () => {
  for (const reader of ["itself", "a follower"] as const) {
    const cluster = await SimulatedCluster.start({ log: SMALL_MEMORY });
    const leader = await cluster.elect();
    const away = cluster.followers()[0]!;
    if (reader === "a follower") away.crash("power");
    await fill(cluster, 2_000, 100);
    const victim = reader === "itself" ? away : leader;
    if (reader === "itself") {
      away.crash("process");
      await cluster.startServer(away);
    }
    const [name] = victim.logDisk.names;
    const content = victim.logDisk.contentOf(name!);
    content[content.length >> 1]! ^= 1;
    victim.logDisk.overwrite(name!, content);
    if (reader === "a follower") await cluster.startServer(away);
    await cluster.until(() => victim.failure !== undefined, "it has failed");
    assert.match(String(victim.failure), /LogDamagedError/);
    assert.is(victim.isUp, false);
    cluster.witness.requireHarmony();
  }
});

test("a server whose disk fails ends; the others go on, and it comes back on what it had", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  client.history = new SimulatedHistory();
  await cluster.complete(client.put("k", "0"), "put");
  leader.logDisk.failNext("EIO", "sync");
  for (let i = 1; i < 20; i++) await cluster.complete(client.put("k", String(i)), "put");
  assert.match(String(leader.failure), /EIO/);
  assert.is(leader.isUp, false);
  await cluster.startServer(leader);
  await cluster.converge();
  requireAgreement(cluster, client.history);
});

test.run();
