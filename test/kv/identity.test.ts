/** Who a data directory belongs to, through crashes and damage (DESIGN §5; RAFT_CHECKLIST 8, 22, 23). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ClusterIdentity, type Identity, loadIdentity, saveIdentity } from "../../src/kv/identity.ts";
import { KvServerError } from "../../src/kv/server-error.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { randomPort } from "../support/simulated-server.ts";

const CLUSTER: ClusterIdentity = {
  id: 77,
  members: [
    { server: 1, incarnation: 11, address: "a:1" },
    { server: 2, incarnation: 0, address: "b:2" },
  ],
};

const OLD: Identity = { server: 1, incarnation: 11, address: "a:1", cluster: null };
const NEW: Identity = { ...OLD, cluster: CLUSTER };

function diskOf(seed: number = 1): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(seed), path: "/data" });
}

function load(disk: SimulatedDisk, server: number = 1, address: string = "a:1"): Promise<Identity> {
  return loadIdentity(disk.mount(), randomPort(seededRandom(5)), server, address);
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.instance(error, KvServerError);
    return `${(error as KvServerError).code}: ${(error as KvServerError).message}`;
  }
  throw new Error("it was not refused");
}

test("a new directory gets an incarnation, drawn once and for all", async () => {
  const disk = diskOf();
  const first = await load(disk);
  assert.is(first.server, 1);
  assert.is(first.cluster, null);
  assert.ok(first.incarnation > 0);
  disk.losePower();
  const again = await loadIdentity(disk.mount(), randomPort(seededRandom(6)), 1, "a:1");
  assert.equal(again, first);
  const other = await loadIdentity(diskOf().mount(), randomPort(seededRandom(6)), 1, "a:1");
  assert.is.not(other.incarnation, first.incarnation);
});

test("what was saved is loaded", async () => {
  const disk = diskOf();
  await saveIdentity(disk.mount(), NEW);
  assert.equal(await load(disk), NEW);
});

test("a directory of another server is refused", async () => {
  const disk = diskOf();
  await saveIdentity(disk.mount(), OLD);
  assert.is(
    await refusal(load(disk, 2)),
    "USAGE: /data belongs to server 1; start it with --id=1 or give --id=2 a --data-dir of its own",
  );
});

test("before there is a cluster the address may change; afterwards nobody would find the server (RAFT_CHECKLIST 23)", async () => {
  const disk = diskOf();
  await saveIdentity(disk.mount(), OLD);
  assert.equal(await load(disk, 1, "a:9"), { ...OLD, address: "a:9" });
  assert.equal(await load(disk, 1, "a:9"), { ...OLD, address: "a:9" });
  await saveIdentity(disk.mount(), NEW);
  assert.is(
    await refusal(load(disk, 1, "a:9")),
    "DISAGREEMENT: /data: the cluster knows this server as a:1, not a:9; start it with that --host and --port, or with --advertise=a:1",
  );
});

/** How many operations of the disk it takes to save an identity over an older one. */
async function operationsOfSave(): Promise<number> {
  const disk = diskOf();
  await saveIdentity(disk.mount(), OLD);
  const before = disk.operations;
  await saveIdentity(disk.mount(), NEW);
  return disk.operations - before;
}

test("a crash at any step of saving leaves the old identity or the new one, and a directory that can be saved to", async () => {
  const steps = await operationsOfSave();
  const found = new Set<string>();
  for (let step = 1; step <= steps; step++) {
    for (let seed = 1; seed <= 12; seed++) {
      const disk = diskOf(seed);
      await saveIdentity(disk.mount(), OLD);
      const lost = new Promise<void>((resolve) => {
        disk.onPowerLost = resolve;
      });
      disk.losePowerAt = disk.operations + step;
      // The process ends with the power, and its promise with it.
      void saveIdentity(disk.mount(), NEW);
      await lost;
      const identity = await load(disk);
      assert.ok(
        [OLD, NEW].some((one) => JSON.stringify(one) === JSON.stringify(identity)),
        `step ${step}`,
      );
      found.add(identity.cluster === null ? "old" : "new");
      await saveIdentity(disk.mount(), NEW);
      assert.equal(await load(disk), NEW);
    }
  }
  assert.equal([...found].sort(), ["new", "old"]);
});

test("a process that is killed at any step of saving leaves the old identity or the new one", async () => {
  const steps = await operationsOfSave();
  for (let step = 1; step <= steps; step++) {
    const disk = diskOf();
    await saveIdentity(disk.mount(), OLD);
    const mount = disk.mount();
    const until = disk.operations + step;
    void saveIdentity(mount, NEW);
    while (disk.operations < until) await Promise.resolve();
    disk.endProcess();
    const identity = await load(disk);
    assert.ok(identity.cluster === null || identity.cluster.id === 77);
    await saveIdentity(disk.mount(), NEW);
    assert.equal(await load(disk), NEW);
  }
});

test("what was saved survives a power failure right afterwards", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = diskOf(seed);
    await saveIdentity(disk.mount(), NEW);
    disk.losePower();
    assert.equal(await load(disk), NEW);
  }
});

test("no room for the new one: the old one stays, and saving works when there is room", async () => {
  const disk = diskOf();
  await saveIdentity(disk.mount(), OLD);
  disk.capacityBytes = disk.usedBytes;
  let thrown: unknown;
  await saveIdentity(disk.mount(), NEW).catch((error: unknown) => {
    thrown = error;
  });
  assert.match(String(thrown), /ENOSPC/);
  assert.equal(await load(disk), OLD);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  await saveIdentity(disk.mount(), NEW);
  assert.equal(await load(disk), NEW);
});

test("a damaged file is refused, with what to do: a new identity would be another server", async () => {
  const good = { format: 1, ...NEW };
  const member = CLUSTER.members[0]!;
  const damaged: unknown[] = [
    "",
    "{",
    "null",
    "[]",
    JSON.stringify({ ...good, format: 2 }),
    JSON.stringify({ ...good, server: 0 }),
    JSON.stringify({ ...good, incarnation: 1.5 }),
    JSON.stringify({ ...good, incarnation: 0 }),
    JSON.stringify({ ...good, address: 7 }),
    JSON.stringify({ ...good, cluster: undefined }),
    JSON.stringify({ ...good, cluster: { id: 0, members: CLUSTER.members } }),
    JSON.stringify({ ...good, cluster: { id: 5, members: "all" } }),
    JSON.stringify({ ...good, cluster: { id: 5, members: [null] } }),
    JSON.stringify({ ...good, cluster: { id: 5, members: [{ ...member, incarnation: "x" }] } }),
    JSON.stringify({ ...good, cluster: { id: 5, members: [{ ...member, address: null }] } }),
    // The members without this server, and one of them twice.
    JSON.stringify({ ...good, cluster: { id: 5, members: [CLUSTER.members[1]] } }),
    JSON.stringify({ ...good, cluster: { id: 5, members: [member, member] } }),
    JSON.stringify(good).slice(0, -20),
  ];
  for (const text of damaged) {
    const disk = diskOf();
    disk.overwrite("identity.json", Buffer.from(String(text)));
    assert.is(
      await refusal(load(disk)),
      "DAMAGED: /data/identity.json is damaged: restore the data directory from a copy made after this server last ran; without one leave it off, the others go on",
      String(text),
    );
    assert.is(disk.contentOf("identity.json").toString(), text, "it is left as it is");
  }
});

test.run();
