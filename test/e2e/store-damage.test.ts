// test-limit-ms: 300000
/**
 * DESIGN §6: nothing that fails its checksum is ever served. Bits of `store.mdb` are flipped: the server says what is
 * damaged and does not start, or what it says is right.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvConsistency, KvStatus, KvV1Client } from "../../src/kv/gen/kv.ts";
import { RpcTransportError } from "../../src/oncrpc/index.ts";
import type { Outcome } from "../support/child-programs.ts";
import { eventually } from "../support/eventually.ts";
import { flipBit } from "../support/files.ts";
import { type RealCluster, withCluster } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";
import { seededRandom } from "../support/seeded-random.ts";

const EXIT_DAMAGED = 6;
const KEYS = 300;
const FLIPS = 15;
/** Of LMDB's file. */
const PAGE_BYTES = 4096;
const META_BYTES = 200;
const PAGE_HEADER_BYTES = 24;
const ADVICE =
  "restore the data directory from a copy made after this server last ran; without one leave it off, the others go on";

const textOf = (key: number): string => `value ${key} `.repeat(20);

async function fill(cluster: RealCluster): Promise<void> {
  const kv = cluster.client();
  await Promise.all(Array.from({ length: KEYS }, (_, key) => kv.put(`key ${key}`, textOf(key))));
  await cluster.settled();
}

function storeOf(server: RealServer): string {
  return join(server.dataDir, "store.mdb");
}

/**
 * Asks the server itself for every key. It must be right; or end, where it finds only now what is damaged.
 * @returns whether it is still there
 */
async function answersRightly(server: RealServer): Promise<boolean> {
  const rpc = server.connect();
  const client = new KvV1Client(rpc);
  try {
    for (let key = 0; key < KEYS; key++) {
      const args = {
        key: Buffer.from(`key ${key}`),
        revision: 0,
        consistency: KvConsistency.KV_SERIALIZABLE,
      };
      const { result } = await client.get(args);
      const value =
        result.status === KvStatus.KV_OK ? Buffer.from(result.pair.value).toString() : result.message;
      assert.is(value, textOf(key));
    }
    return true;
  } catch (error) {
    if (!(error instanceof RpcTransportError)) throw error;
    return false;
  } finally {
    rpc.close();
  }
}

/** Waits until the server is part of the cluster, or has ended. */
async function startsOrEnds(server: RealServer): Promise<"started" | "ended"> {
  server.start();
  return await eventually(`server ${server.id} starts or ends`, () => {
    if (!server.isRunning) return "ended";
    return /following server|elected leader/.test(server.stderr) ? "started" : undefined;
  });
}

/**
 * LMDB has no checksums of its own. All its pages are looked at before it is opened; still, of 2,816 bits in the meta
 * pages one leads to an older page that looks right, and LMDB then takes the process with it.
 */
function requireGoodEnd({ code, signal, stderr }: Outcome, what: string): void {
  if (signal === "SIGSEGV" || signal === "SIGBUS") {
    console.log(`${what} ended the server by ${signal}`);
    return;
  }
  assert.is(code, EXIT_DAMAGED, `${what}: ${signal} ${stderr}`);
  assert.match(stderr, /store\.mdb(, revision \d+)?: [^\n]*: restore the data directory from a copy/);
}

test("a flipped bit in a record is found at the start, and named by its revision", () =>
  withCluster({}, async (cluster) => {
    await fill(cluster);
    const server = await cluster.follower();
    await server.kill("SIGTERM");
    const path = storeOf(server);
    const bytes = readFileSync(path);
    for (const key of [0, 17, KEYS - 1]) {
      const at = bytes.indexOf(textOf(key));
      assert.ok(at > 0, `the value of key ${key} is not in the file`);
      flipBit(path, at + 5, 2);
      server.start();
      const { code, stderr } = await server.ended();
      assert.is(code, EXIT_DAMAGED, stderr);
      const revision = /, revision (\d+): /.exec(stderr)?.[1];
      assert.is(
        stderr,
        `server ${server.id}: ${path}, revision ${revision}: the record is damaged: it fails its checksum: ${ADVICE}\n`,
      );
      flipBit(path, at + 5, 2);
    }
    server.start();
    await cluster.settled();
    assert.ok(await answersRightly(server));
  }));

/** Where to flip: any byte; the two pages that lead to all others; the header of any page. */
const PLACES: readonly (readonly [string, (random: () => number, sizeBytes: number) => number])[] = [
  ["anywhere in the store", (random, size) => Math.floor(random() * size)],
  [
    "in one of the store's two meta pages",
    (random) => PAGE_BYTES * pick(random, 2) + pick(random, META_BYTES),
  ],
  [
    "in a page header of the store",
    (random, size) => PAGE_BYTES * pick(random, size / PAGE_BYTES) + pick(random, PAGE_HEADER_BYTES),
  ],
];

function pick(random: () => number, count: number): number {
  return Math.floor(random() * count);
}

for (const [where, place] of PLACES) {
  test(`a flipped bit ${where}: the server does not start, or gives only right answers`, () =>
    withCluster({}, async (cluster) => {
      await fill(cluster);
      const server = await cluster.follower();
      await server.kill("SIGTERM");
      const path = storeOf(server);
      const copy = readFileSync(path);
      const random = seededRandom(7);
      for (let flip = 0; flip < FLIPS; flip++) {
        const at = place(random, copy.length);
        const bit = pick(random, 8);
        flipBit(path, at, bit);
        const isUp = (await startsOrEnds(server)) === "started" && (await answersRightly(server));
        if (isUp) await server.kill("SIGKILL");
        else requireGoodEnd(await server.ended(), `bit ${bit} of byte ${at}`);
        writeFileSync(path, copy);
        rmSync(`${path}-lock`, { force: true });
      }
    }));
}

test("a store that is gone is made again from the log, as long as the log has everything", () =>
  withCluster({}, async (cluster) => {
    await fill(cluster);
    const server = await cluster.follower();
    await server.kill("SIGTERM");
    renameSync(storeOf(server), join(cluster.directory, "store-away"));
    server.start();
    const all = await cluster.settled();
    assert.is(new Set(all.map(({ status }) => status.storeHash)).size, 1);
    assert.ok(await answersRightly(server));
  }));

test.run();
