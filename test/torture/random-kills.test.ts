// test-limit-ms: 600000
/**
 * Under a load of 64 clients any of the servers is killed with -9, also two or three in the same moment, also before
 * the last ones are back. SUNDIAL_KILLS makes it longer; SUNDIAL_SEED repeats the choice of servers.
 */
import { test } from "uvu";
import { withCluster } from "../support/real-cluster.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { Ordeal } from "./ordeal.ts";

const BLOWS = Number(process.env["SUNDIAL_KILLS"] ?? 3);
const seed = Number(process.env["SUNDIAL_SEED"] ?? Math.floor(Math.random() * 1e9));

test(`64 clients write while servers are killed at random (SUNDIAL_SEED=${seed})`, () =>
  withCluster({}, async (cluster) => {
    const random = seededRandom(seed);
    const ordeal = new Ordeal(cluster);
    for (let blow = 0; blow < BLOWS; blow++) {
      await ordeal.progress();
      const count = blow === 0 ? 2 : 1 + Math.floor(random() * 3);
      const victims = [...cluster.servers].sort(() => random() - 0.5).slice(0, count);
      await ordeal.kill(...victims);
      // One that is starting may be hit again.
      for (const victim of victims) victim.start();
      if (random() < 0.5) await ordeal.kill(victims[0]!);
      await ordeal.revive();
    }
    await ordeal.progress();
    await ordeal.judge();
  }));

test.run();
