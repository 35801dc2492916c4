// test-limit-ms: 400000
/**
 * DESIGN §6: a torn record at the very end of the log is cut off. The log of one server is cut short at each of its
 * last 64 bytes; each time the server starts, gets what it lacks from the others, and has what they have.
 */
import { cpSync, rmSync, truncateSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SPARE_NAME } from "../../src/kv/log/spare-segment.ts";
import { readSegments } from "../support/log-files.ts";
import { type RealCluster, withCluster } from "../support/real-cluster.ts";

const CUTS = 64;
const KEYS = 30;
/** What a server makes anew at each start. */
const LEFT_OUT = new RegExp(`^(lock-.*|${SPARE_NAME})$`);

function copyData(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (path) => !LEFT_OUT.test(basename(path)) });
}

/** Waits until all servers agree, and returns what all of them hold. */
async function commonHash(cluster: RealCluster): Promise<string> {
  const all = await cluster.settled();
  const seen = new Set(
    all.map(({ header, status }) => `revision ${header.revision}, hash ${status.storeHash}`),
  );
  assert.is(seen.size, 1, [...seen].join("; "));
  return [...seen][0]!;
}

for (const [how, signal] of [
  ["a clean stop", "SIGTERM"],
  ["kill -9", "SIGKILL"],
] as const) {
  test(`after ${how}, a log cut short at each of its last ${CUTS} bytes is made whole by the others`, () =>
    withCluster({}, async (cluster) => {
      const kv = cluster.client();
      for (let key = 0; key < KEYS; key++) await kv.put(`key ${key}`, `value ${key}`);
      const expected = await commonHash(cluster);
      const server = await cluster.follower();
      await server.kill(signal);
      const copy = join(cluster.directory, "copy");
      copyData(server.dataDir, copy);
      const { path, usedBytes } = readSegments(server).at(-1)!;
      for (let cut = 1; cut <= CUTS; cut++) {
        copyData(copy, server.dataDir);
        truncateSync(path, usedBytes - cut);
        server.start();
        assert.is(await commonHash(cluster), expected, `cut by ${cut}`);
        assert.match(server.stderr, /cut off \d+ bytes at the end of the log|the end of the log is lost/);
        await server.kill("SIGKILL");
      }
      // After the last cut the server takes part like any other: it can be one of the two that a write needs.
      server.start();
      await commonHash(cluster);
      await cluster.others(server)[0]!.kill("SIGKILL");
      await kv.put("one more", "value");
      await commonHash(cluster);
    }));
}

test.run();
