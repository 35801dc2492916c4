import { join } from "node:path";
import type { Contestant } from "../harness/kv-cluster.ts";
import { runProgram } from "../harness/run-program.ts";
import { ROOT, TSC } from "../harness/workers.ts";
import type { Workspace } from "../harness/workspace.ts";
import { SundialCluster } from "./sundial-cluster.ts";

/** Builds the package as `npm run build` does, since `bin/` runs what is in `dist/`. */
export async function prepareSundial(workspace: Workspace): Promise<Contestant> {
  await runProgram(workspace, process.execPath, [TSC, "-p", join(ROOT, "tsconfig.build.json")]);
  await runProgram(workspace, process.execPath, [join(ROOT, "dist", "cli", "bundle.js")]);
  return {
    name: "Sundial",
    measured: "3 kv_servers, default settings, driven by kv_client bench",
    start: () => SundialCluster.start(workspace),
  };
}
