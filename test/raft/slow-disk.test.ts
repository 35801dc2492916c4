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

test.run();
