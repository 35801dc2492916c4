// test-limit-ms: 240000
/**
 * DESIGN §6: the first fdatasync that fails ends the process, since nobody knows what the disk holds then; what was
 * acknowledged is on the other servers. strace(1) makes the system call fail.
 */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { logDirectory } from "../support/log-files.ts";
import { testThatNeeds } from "../support/needs.ts";
import { type RealCluster, withCluster } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";

const EXIT_DISK_FAILED = 7;

const canTrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const lack = canTrace ? undefined : "strace is not installed, or may not trace (apt-get install strace)";

/** The server, with the syncs of the files that strace finds under `paths` failing from the `from`th on. */
function withFailingSyncs(
  cluster: RealCluster,
  server: RealServer,
  from: number,
  ...paths: readonly string[]
): RealServer {
  const wrapper = [
    "strace",
    // The server is the process that is started, and strace a bystander, so that signals reach the server.
    ...["-D", "-f", "-qq", "-o", "/dev/null"],
    ...paths.flatMap((path) => ["-P", path]),
    ...["-e", "trace=fdatasync,fsync", "-e", `inject=fdatasync:error=EIO:when=${from}+`],
    "--",
  ];
  return cluster.variant(server, { wrapper });
}

/** Has whoever leads hand leadership over, until this server has it. */
async function makeLeader(cluster: RealCluster, server: RealServer): Promise<void> {
  for (;;) {
    const { leader } = (await server.status()).status;
    if (leader === server.id) return;
    if (leader === 0) continue;
    const other = cluster.server(leader);
    await other.kill("SIGTERM");
    other.start();
    await other.line(/following server|elected leader/);
  }
}

for (const role of ["leader", "follower"] as const) {
  testThatNeeds(lack, `fdatasync of the log fails on the ${role}: it ends at once, and loses nothing`, () =>
    withCluster({}, async (cluster) => {
      const kv = cluster.client();
      const acknowledged = new Map<string, string>();
      const put = async (key: string): Promise<void> => {
        await kv.put(key, `value of ${key}`);
        acknowledged.set(key, `value of ${key}`);
      };
      await put("before");
      const victim = await cluster.leader();
      await victim.kill("SIGTERM");
      const failing = withFailingSyncs(cluster, victim, 10, `${logDirectory(victim)}/0000000000000001.log`);
      failing.start();
      await failing.line(/following server/);
      if (role === "leader") await makeLeader(cluster, failing);
      for (let i = 0; failing.isRunning; i++) await put(`key ${i}`);
      const { code, stderr } = await failing.ended();
      assert.is(code, EXIT_DISK_FAILED, stderr);
      assert.is(
        stderr.trimEnd().split("\n").at(-1),
        `server ${victim.id}: ${victim.dataDir}: the disk reports an error; replace it, and restore this server's data (EIO)`,
      );
      await put("without it");

      victim.start();
      const all = await cluster.settled();
      assert.is(new Set(all.map(({ header, status }) => `${header.revision} ${status.storeHash}`)).size, 1);
      for (const [key, value] of acknowledged) assert.is((await kv.get(key))?.value.toString(), value);
    }),
  );
}

testThatNeeds(
  lack,
  "fdatasync of the store fails while a checkpoint is written: the server ends, and comes back right",
  () =>
    withCluster({}, async (cluster) => {
      const kv = cluster.client();
      const victim = await cluster.follower();
      await victim.kill("SIGTERM");
      const failing = withFailingSyncs(cluster, victim, 3, `${victim.dataDir}/store.mdb`);
      failing.start();
      await failing.line(/following server/);
      // A checkpoint is due after 16 MiB.
      let written = 0;
      for (; failing.isRunning; written++) await kv.put(`key ${written}`, Buffer.alloc(1 << 20, written));
      const { code, stderr } = await failing.ended();
      assert.is(code, EXIT_DISK_FAILED, stderr);
      victim.start();
      const all = await cluster.settled();
      assert.is(new Set(all.map(({ header, status }) => `${header.revision} ${status.storeHash}`)).size, 1);
    }),
);

test.run();
