import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Target } from "./harness/comparison.ts";
import type { Part, PartContext, PartReport } from "./harness/part.ts";
import { runProgram } from "./harness/run-program.ts";
import { ROOT } from "./harness/workers.ts";
import { prepareSundial } from "./sundial/sundial.ts";
import { SundialCluster } from "./sundial/sundial-cluster.ts";

const TARGET: Target = { kind: "atMost", ratio: 1.6 };
const ROUNDS = 40;
const QUICK_ROUNDS = 3;

const KV_CLIENT = join(ROOT, "bin", "kv_client");

/** What a one-shot command costs on top of starting Node, which nobody can help. */
export const startup: Part = {
  name: "startup",
  run: async (context: PartContext): Promise<PartReport> => {
    const { workspace, quick } = context;
    await prepareSundial(workspace);
    context.progress("startup");
    const cluster = await SundialCluster.start(workspace);
    const client = [KV_CLIENT, "--server", cluster.addresses];
    await runProgram(workspace, process.execPath, [...client, "put", "greeting", "hello"]);
    const times: { sundial: number[]; peer: number[] } = { sundial: [], peer: [] };
    for (let round = 0; round < (quick ? QUICK_ROUNDS : ROUNDS); round++) {
      times.sundial.push(wallTimeMs([...client, "get", "greeting"]));
      times.peer.push(wallTimeMs(["-e", "0"]));
    }
    await cluster.stop();
    const comparison = {
      benchmark: "kv_client get",
      unit: "ms",
      peerName: "node -e 0",
      ...times,
      target: TARGET,
    };
    return { comparisons: [comparison], measured: [], missing: [] };
  },
};

function wallTimeMs(args: readonly string[]): number {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
  const elapsedMs = performance.now() - start;
  if (status !== 0) throw new Error(`node ${args.join(" ")}: exit code ${status}`);
  return elapsedMs;
}
