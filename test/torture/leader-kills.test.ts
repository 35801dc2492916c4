// test-limit-ms: 600000
/**
 * Under a load of 64 clients the leader is killed with -9 again and again: every acknowledged write is there with its
 * value, none was applied twice, and all stores are equal. SUNDIAL_KILLS=10 makes it the full run.
 */
import { test } from "uvu";
import { withCluster } from "../support/real-cluster.ts";
import { Ordeal } from "./ordeal.ts";

const KILLS = Number(process.env["SUNDIAL_KILLS"] ?? 3);

test(`64 clients write while the leader is killed ${KILLS} times and comes back each time`, () =>
  withCluster({}, async (cluster) => {
    const ordeal = new Ordeal(cluster);
    for (let kill = 0; kill < KILLS; kill++) {
      await ordeal.progress();
      const leader = await cluster.leader();
      await ordeal.kill(leader);
      await ordeal.progress();
      await ordeal.revive();
    }
    await ordeal.progress();
    await ordeal.judge();
  }));

test("64 clients write while all three servers are killed at once and come back", () =>
  withCluster({}, async (cluster) => {
    const ordeal = new Ordeal(cluster);
    for (let kill = 0; kill < Math.ceil(KILLS / 3); kill++) {
      await ordeal.progress();
      await ordeal.kill(...cluster.servers);
      await ordeal.revive();
    }
    await ordeal.progress();
    await ordeal.judge();
  }));

test.run();
