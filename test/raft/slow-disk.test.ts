import { test } from "uvu";
import * as assert from "uvu/assert";
import { Cluster } from "./support/cluster.ts";
import { LatentCluster } from "./support/latency.ts";

/** The election time-out of `Cluster`. */
const ELECTION_TICKS = 10;

for (const [diskTicks, networkTicks] of [
  [0, 0],
  [1, 0],
  [2, 0],
  [3, 0],
  [0, 2],
  [0, 4],
  [4, 1],
] as const) {
  test(`§5.6: with disks of ${diskTicks} and a network of ${networkTicks} ticks there will be a leader`, () => {
    const cluster = new Cluster({ servers: 3 });
    const latent = new LatentCluster(cluster, { networkTicks, diskTicks: () => diskTicks });
    const ticks = latent.runUntil(() => cluster.leader !== undefined, 20 * ELECTION_TICKS);
    assert.ok(
      ticks < 20 * ELECTION_TICKS,
      `none after ${ticks} ticks, in term ${cluster.server(1).raft.term}`,
    );
  });
}

/** Proposes at each tick to whoever leads. */
function runBusy(cluster: Cluster, latent: LatentCluster, ticks: number): void {
  for (let i = 0; i < ticks; i++) {
    cluster.leader?.propose([new Uint8Array(8)]);
    latent.tick();
  }
}

test("checklist 16: a leader whose disk hangs gives way to one whose disk works", () => {
  const cluster = new Cluster({ servers: 3 });
  const first = cluster.elect(1);
  const latent = new LatentCluster(cluster, {
    networkTicks: 0,
    diskTicks: (id) => (id === first.id ? Infinity : 0),
  });
  runBusy(cluster, latent, 8 * ELECTION_TICKS);
  assert.is.not(cluster.leader, first);
  const { commitIndex } = cluster.leader!;
  runBusy(cluster, latent, ELECTION_TICKS);
  assert.ok(cluster.leader!.commitIndex > commitIndex);
});

test("checklist 16: a leader whose disk is as slow as all disks stays", () => {
  const cluster = new Cluster({ servers: 3 });
  const first = cluster.elect(1);
  const latent = new LatentCluster(cluster, { networkTicks: 0, diskTicks: () => ELECTION_TICKS - 1 });
  runBusy(cluster, latent, 50 * ELECTION_TICKS);
  assert.is(cluster.leader, first);
  assert.is(first.raft.term, 1);
});

test("a leader whose disk hangs stays when nobody else's disk took more", () => {
  const cluster = new Cluster({ servers: 3 });
  const first = cluster.elect(1);
  const latent = new LatentCluster(cluster, { networkTicks: 0, diskTicks: () => Infinity });
  runBusy(cluster, latent, 8 * ELECTION_TICKS);
  assert.is(cluster.leader, first);
});

test.run();
