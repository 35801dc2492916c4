import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../harness/run-program.ts";
import { findTool } from "../../harness/tool.ts";
import { ROOT } from "../../harness/workers.ts";
import type { Workspace } from "../../harness/workspace.ts";

/** Where Debian's golang-etcd-server-dev and what it needs put their sources. */
const DEBIAN_GOPATH = "/usr/share/gocode";

export interface EtcdLoad {
  readonly program: string;
  /** Which client of etcd is in it. */
  readonly client: string;
}

/**
 * Compiles bench/peers/etcd-load: with the client that go.mod pins, or, where Go cannot get that, with Debian's.
 *
 * @throws Error with what the compiler said to both
 */
export async function buildEtcdLoad(workspace: Workspace): Promise<EtcdLoad> {
  const go = findTool("go");
  if (go === undefined) throw new Error("go is not installed");
  const sources = join(workspace.directory, "etcd-load");
  cpSync(join(ROOT, "bench", "peers", "etcd-load"), sources, { recursive: true });
  const program = join(workspace.directory, "etcd-load.exe");
  try {
    await runProgram(workspace, go, ["build", "-mod=readonly", "-o", program, "."], { cwd: sources });
    return { program, client: "etcd's Go client as go.mod pins it" };
  } catch (moduleError) {
    rmSync(join(sources, "go.mod"));
    const options = { cwd: sources, env: { GO111MODULE: "off", GOPATH: DEBIAN_GOPATH, GOFLAGS: "" } };
    try {
      await runProgram(workspace, go, ["build", "-tags", "debian", "-o", program, "."], options);
      return { program, client: "the Go client of Debian's golang-etcd-server-dev" };
    } catch (debianError) {
      throw new Error(`${(moduleError as Error).message}\n${(debianError as Error).message}`);
    }
  }
}
