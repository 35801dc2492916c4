// test-limit-ms: 300000
/**
 * DESIGN §6: when the disk is full, writes are refused with a clear status, reads go on, and the server recovers when
 * there is room. Nothing that was acknowledged is lost. The data directories lie on file systems with a limit.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type KvClient, KvRefusedError } from "../../src/kv/index.ts";
import { eventually } from "../support/eventually.ts";
import { enterNamespaces, NO_NAMESPACES } from "../support/namespaces.ts";
import { testThatNeeds } from "../support/needs.ts";
import { RealCluster } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";
import { SmallDisk } from "../support/small-disk.ts";

const place = enterNamespaces();
const lack = place === "unavailable" ? NO_NAMESPACES : undefined;

const DISK_MIB = 200;
/** What somebody else leaves to a server. */
const LEFT_BYTES = 100 << 10;
const SIZES = [1 << 20, 1 << 16, 1 << 12, 16] as const;

/** Three servers that have room, each on a disk of its own. */
class SmallDiskCluster {
  readonly cluster: RealCluster;
  private readonly disks: ReadonlyMap<RealServer, SmallDisk>;

  static async start(): Promise<SmallDiskCluster> {
    const cluster = await RealCluster.prepare({ directory: mkdtempSync(join(tmpdir(), "sundial-")) });
    const disks = cluster.servers.map(
      (server) => [server, SmallDisk.mount(server.dataDir, DISK_MIB)] as const,
    );
    for (const server of cluster.servers) server.start();
    await cluster.leader();
    return new SmallDiskCluster(cluster, new Map(disks));
  }

  private constructor(cluster: RealCluster, disks: ReadonlyMap<RealServer, SmallDisk>) {
    this.cluster = cluster;
    this.disks = disks;
  }

  diskOf(server: RealServer): SmallDisk {
    return this.disks.get(server)!;
  }

  async stop(): Promise<void> {
    for (const disk of this.disks.values()) disk.unmount();
    await this.cluster.stop();
  }
}

function testOnSmallDisks(name: string, body: (disks: SmallDiskCluster) => Promise<void>): void {
  testThatNeeds(lack, name, async () => {
    const disks = await SmallDiskCluster.start();
    try {
      await body(disks);
    } catch (error) {
      throw disks.cluster.explained(error);
    } finally {
      await disks.stop();
    }
  });
}

/** Puts values until one is refused, or so many are written. Notes those that were acknowledged. */
async function putMany(
  kv: KvClient,
  count: number,
  sizeBytes: number,
  written: Map<string, number>,
): Promise<KvRefusedError | undefined> {
  for (let i = 0; i < count; i++) {
    const key = `${sizeBytes}/${i}`;
    try {
      await kv.put(key, Buffer.alloc(sizeBytes, i));
      written.set(key, i);
    } catch (error) {
      if (error instanceof KvRefusedError) return error;
      throw error;
    }
  }
  return undefined;
}

async function requireAll(kv: KvClient, written: ReadonlyMap<string, number>): Promise<void> {
  for (const [key, byte] of written) {
    const value = (await kv.get(key))?.value;
    const expected = Buffer.alloc(Number(key.split("/")[0]), byte);
    assert.ok(value?.equals(expected), `${key} is not what was acknowledged`);
  }
}

async function requireEqual(cluster: RealCluster): Promise<void> {
  const all = await cluster.settled();
  assert.is(new Set(all.map(({ header, status }) => `${header.revision} ${status.storeHash}`)).size, 1);
}

testOnSmallDisks(
  "the disk of a follower is full: the others go on, and it catches up when it has room",
  async (disks) => {
    const { cluster } = disks;
    const kv = cluster.client();
    const written = new Map<string, number>();
    await kv.put("before", "there was room");
    const follower = await cluster.follower();
    disks.diskOf(follower).fill(LEFT_BYTES);
    assert.is(await putMany(kv, 50, 1 << 20, written), undefined);
    await follower.line(/: the disk is full: writes are refused, reads go on$/);
    const leader = await cluster.leader();
    await leader.line(
      new RegExp(`: refused by server ${follower.id}: the disk of server ${follower.id} is full$`),
    );
    assert.is((await cluster.kvClient("put", "key", "value")).stdout, "OK (replicated to 2 of 3 nodes)\n");
    assert.match(
      (await cluster.kvClient("status")).stdout,
      new RegExp(`^${follower.id} .* disk full: no writes$`, "m"),
    );
    const own = await cluster.kvClient(`--server=${follower.address}`, "get", "--serializable", "before");
    assert.is(own.stdout, "there was room\n");

    disks.diskOf(follower).makeRoom();
    await requireEqual(cluster);
    await follower.line(/: the disk has room again$/);
    await requireAll(kv, written);
  },
);

testOnSmallDisks("the disk of the leader is full: another one leads, and no write fails", async (disks) => {
  const { cluster } = disks;
  const kv = cluster.client();
  const written = new Map<string, number>();
  const leader = await cluster.leader();
  disks.diskOf(leader).fill(LEFT_BYTES);
  assert.is(await putMany(kv, 50, 1 << 20, written), undefined);
  await leader.line(/: handing leadership over to server \d$/);
  assert.is.not((await cluster.leader()).id, leader.id);
  disks.diskOf(leader).makeRoom();
  await requireEqual(cluster);
  await requireAll(kv, written);
});

testOnSmallDisks(
  "all disks are full: writes are refused, reads go on, and all goes on when there is room",
  async (disks) => {
    const { cluster } = disks;
    const kv = cluster.client();
    const written = new Map<string, number>();
    for (const server of cluster.servers) disks.diskOf(server).fill(LEFT_BYTES);
    for (const sizeBytes of SIZES) {
      const refusal = await putMany(kv, 1000, sizeBytes, written);
      assert.is(refusal?.code, "NO_SPACE", `values of ${sizeBytes} bytes`);
    }
    const put = await cluster.kvClient("put", "key", "value");
    assert.is(put.code, 4);
    assert.match(
      put.stderr,
      /^kv_client: localhost:\d+ refused: the disk is full; nothing was written, reads go on; make room on the servers' disks\n$/,
    );
    assert.is((await cluster.kvClient("del", "16/0")).code, 4);
    await requireAll(kv, written);
    const { revision } = (await cluster.settled())[0]!.header;
    assert.is(revision, written.size);

    // A server that is killed now finds no room when it starts, and must not need any.
    const killed = await cluster.follower();
    await killed.kill("SIGKILL");
    disks.diskOf(killed).fill(0);
    killed.start();
    await killed.line(/following server/);
    const get = await cluster.kvClient(`--server=${killed.address}`, "get", "16/0");
    assert.is(get.code, 0, get.stderr);

    for (const server of cluster.servers) disks.diskOf(server).makeRoom();
    await eventually("writes are taken again", async () => {
      const { code } = await cluster.kvClient("put", "key", "value");
      return code === 0 ? true : undefined;
    });
    await requireEqual(cluster);
    await requireAll(kv, written);
  },
);

testOnSmallDisks("a new server on a full disk says so and ends with exit code 7", async (disks) => {
  const { cluster } = disks;
  const [server] = cluster.servers;
  await server!.kill("SIGTERM");
  disks.diskOf(server!).fill(0);
  const late = cluster.variant(server!, { dataDir: join(server!.dataDir, "new"), flags: [] });
  late.start();
  const { code, stderr } = await late.ended();
  assert.is(code, 7, stderr);
  assert.match(stderr, /^server 1: .*: the disk is full; make room \(ENOSPC\)\n$/);
});

if (place !== "outside") test.run();
