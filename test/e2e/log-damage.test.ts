// test-limit-ms: 300000
/**
 * DESIGN §6: what fails its checksum, and is not the torn end of the log, stops the server with file, offset and
 * what to do; nothing is changed on the disk, and the other servers go on.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Outcome } from "../support/child-programs.ts";
import { digests, flipBit } from "../support/files.ts";
import { logDirectory, readSegments } from "../support/log-files.ts";
import { type RealCluster, withCluster } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";

const EXIT_DAMAGED = 6;
const ADVICE =
  "restore the data directory from a copy made after this server last ran; without one leave it off, the others go on";

/** Starts a server whose data are damaged. Returns what it says, once it has ended as it must. */
async function refusal(server: RealServer): Promise<string> {
  server.start();
  const end: Outcome = await server.ended();
  assert.is(end.code, EXIT_DAMAGED, end.stderr);
  const lines = end.stderr.trimEnd().split("\n");
  assert.is(lines.length, 1, end.stderr);
  return lines[0]!.replace(`server ${server.id}: `, "");
}

/** The server must refuse to start and leave everything as it is, while the others take writes. */
async function refusalWithoutChange(cluster: RealCluster, server: RealServer): Promise<string> {
  const before = digests(server.dataDir);
  const message = await refusal(server);
  assert.equal(digests(server.dataDir), before);
  const { code, stdout } = await cluster.kvClient("put", "meanwhile", "value");
  assert.equal([code, stdout], [0, "OK (replicated to 2 of 3 nodes)\n"]);
  return message;
}

async function comesBack(cluster: RealCluster, server: RealServer): Promise<void> {
  server.start();
  const all = await cluster.settled();
  assert.is(new Set(all.map(({ header, status }) => `${header.revision} ${status.storeHash}`)).size, 1);
}

for (const [how, signal] of [
  ["a clean stop", "SIGTERM"],
  ["kill -9", "SIGKILL"],
] as const) {
  test(`after ${how}, a flipped bit in the middle of the log is found, and named by file and byte`, () =>
    withCluster({}, async (cluster) => {
      const kv = cluster.client();
      for (let key = 0; key < 50; key++) await kv.put(`key ${key}`, `value ${key}`);
      await cluster.settled();
      const server = await cluster.follower();
      await server.kill(signal);
      const { path, records, usedBytes } = readSegments(server).at(-1)!;
      const middle = Math.floor((records[0]! + usedBytes) / 2);
      const record = records.filter((start) => start <= middle).at(-1)!;
      const number = records.indexOf(record) + 1;
      for (const [offset, bit] of [
        [middle, 3],
        [record, 0],
        [record + 4, 7],
      ] as const) {
        flipBit(path, offset, bit);
        const message = await refusalWithoutChange(cluster, server);
        const later = /there is a later one, whole, at byte (\d+)/.exec(message)?.[1];
        assert.ok(records.includes(Number(later)), message);
        assert.is(
          message,
          `${path}, byte ${record}: record ${number} is damaged: there is a later one, whole, at byte ${later}; nothing was changed on disk: ${ADVICE}`,
        );
        flipBit(path, offset, bit);
      }
      await comesBack(cluster, server);
    }));
}

test("a damaged header of a segment is found", () =>
  withCluster({}, async (cluster) => {
    await cluster.client().put("key", "value");
    const server = await cluster.follower();
    await server.kill("SIGTERM");
    const { path } = readSegments(server)[0]!;
    for (const [offset, problem] of [
      [3, "the file does not begin like a segment of the log"],
      [20, "the header of the segment fails its checksum"],
    ] as const) {
      flipBit(path, offset, 0);
      assert.is(
        await refusalWithoutChange(cluster, server),
        `${path}, byte 0: ${problem}; nothing was changed on disk: ${ADVICE}`,
      );
      flipBit(path, offset, 0);
    }
    await comesBack(cluster, server);
  }));

test("a missing segment is named; a missing log is not taken for a new one", () =>
  withCluster({}, async (cluster) => {
    const kv = cluster.client();
    // Segments have 16 MiB.
    for (let key = 0; key < 40; key++) await kv.put(`key ${key}`, Buffer.alloc(1 << 20, key));
    await cluster.settled();
    const server = await cluster.follower();
    await server.kill("SIGKILL");
    const segments = readSegments(server);
    assert.ok(segments.length >= 3, `${segments.length} segments`);
    const { path } = segments[1]!;
    renameSync(path, `${path}.away`);
    assert.is(
      await refusalWithoutChange(cluster, server),
      `${path}, byte 0: this segment of the log is missing; nothing was changed on disk: ${ADVICE}`,
    );
    renameSync(`${path}.away`, path);

    const directory = logDirectory(server);
    for (const leave of ["nothing", "an empty directory"]) {
      renameSync(directory, `${directory}.away`);
      if (leave === "an empty directory") mkdirSync(directory);
      assert.is(
        await refusal(server),
        `${server.dataDir}: this server belongs to a cluster, but there is no log; files are missing or from elsewhere: ${ADVICE}`,
      );
      rmSync(directory, { recursive: true });
      renameSync(`${directory}.away`, directory);
    }
    await comesBack(cluster, server);
  }));

test("a damaged identity is refused, whatever is wrong with it; a missing one is not taken for a new server's", () =>
  withCluster({}, async (cluster) => {
    await cluster.client().put("key", "value");
    const server = await cluster.follower();
    await server.kill("SIGTERM");
    const path = join(server.dataDir, "identity.json");
    renameSync(path, `${path}.away`);
    for (const content of ["", "{}", "null", "{", '{"format":2}', "\0".repeat(400)]) {
      writeFileSync(path, content);
      assert.is(await refusalWithoutChange(cluster, server), `${path} is damaged: ${ADVICE}`);
    }
    rmSync(path);
    assert.is(
      await refusal(server),
      `${server.dataDir}: there is a log, but identity.json does not say whose; files are missing or from elsewhere: ${ADVICE}`,
    );
    renameSync(`${path}.away`, path);
    await comesBack(cluster, server);
    assert.ok(readdirSync(server.dataDir).includes("store.mdb"));
  }));

test.run();
