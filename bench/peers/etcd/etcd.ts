import type { Contestant } from "../../harness/kv-cluster.ts";
import { runProgram } from "../../harness/run-program.ts";
import { findTool } from "../../harness/tool.ts";
import type { Workspace } from "../../harness/workspace.ts";
import { EtcdCluster } from "./etcd-cluster.ts";
import { buildEtcdLoad } from "./etcd-load.ts";

const INSTALL_ETCD = "etcd: apt install etcd-server";
const INSTALL_CLIENT =
  "etcd's Go client: apt install golang-go golang-etcd-server-dev, or a Go toolchain that reaches a module proxy";

/** @returns etcd, or one line that says what to install for it */
export async function prepareEtcd(workspace: Workspace): Promise<Contestant | string> {
  const etcd = findTool("etcd");
  if (etcd === undefined) return INSTALL_ETCD;
  if (findTool("go") === undefined) return INSTALL_CLIENT;
  let load: Awaited<ReturnType<typeof buildEtcdLoad>>;
  try {
    load = await buildEtcdLoad(workspace);
  } catch (error) {
    return `${INSTALL_CLIENT} (${(error as Error).message})`;
  }
  const version = /etcd Version: (\S+)/.exec(await runProgram(workspace, etcd, ["--version"]))?.[1];
  return {
    name: "etcd",
    measured: `etcd ${version}, 3 servers, default settings, driven by ${load.client}`,
    start: () => EtcdCluster.start(workspace, etcd, load.program),
  };
}
