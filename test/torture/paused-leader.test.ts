// test-limit-ms: 600000
/**
 * Under a load of 64 clients the leader is stopped with SIGSTOP until another one leads, and then goes on. It still
 * takes itself for the leader for a moment, and must neither answer a read with what is out of date nor lose or
 * double a write.
 */
import { test } from "uvu";
import { eventually } from "../support/eventually.ts";
import { withCluster } from "../support/real-cluster.ts";
import { Ordeal } from "./ordeal.ts";

const PAUSES = Number(process.env["SUNDIAL_KILLS"] ?? 3);

test(`64 clients write while the leader is paused ${PAUSES} times for longer than an election takes`, () =>
  withCluster({}, async (cluster) => {
    const ordeal = new Ordeal(cluster);
    for (let pause = 0; pause < PAUSES; pause++) {
      await ordeal.progress();
      const paused = await cluster.leader();
      const others = cluster.others(paused);
      paused.signal("SIGSTOP");
      await eventually("another server leads", async () => {
        const [a, b] = await Promise.all(others.map((server) => server.status()));
        const { leader } = a!.status;
        return leader !== 0 && leader !== paused.id && b!.status.leader === leader ? true : undefined;
      });
      await ordeal.progress();
      paused.signal("SIGCONT");
    }
    await ordeal.progress();
    await ordeal.judge();
  }));

test.run();
