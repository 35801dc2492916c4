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
import { type KvClient, KvRefusedError, KvUncertainError } from "../../src/kv/index.ts";
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
const SIZES = [1 << 20, 1 << 16, 1 << 12, 1] as const;

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

/** What clients were told of the values that they put. */
class Puts {
  private readonly kv: KvClient;
  private readonly written = new Map<string, number>();
  /** A leader learns that the others are full only when it sends them something. */
  private readonly uncertain = new Map<string, number>();

  constructor(kv: KvClient) {
    this.kv = kv;
  }

  get writtenCount(): number {
    return this.written.size;
  }

  get uncertainCount(): number {
    return this.uncertain.size;
  }

  /** Puts values until one is refused, or so many are written. */
  async many(count: number, sizeBytes: number): Promise<KvRefusedError | undefined> {
    for (let i = 0; i < count; i++) {
      const key = `${sizeBytes}/${i}`;
      try {
        await this.kv.put(key, Buffer.alloc(sizeBytes, i));
        this.written.set(key, i);
      } catch (error) {
        if (error instanceof KvRefusedError) return error;
        if (!(error instanceof KvUncertainError)) throw error;
        this.uncertain.set(key, i);
      }
    }
    return undefined;
  }

  /** What was acknowledged is there; what is uncertain is there or not. */
  async check(): Promise<void> {
    for (const [key, byte] of this.written) assert.ok(await this.holds(key, byte), `${key} is lost`);
    for (const [key, byte] of this.uncertain) {
      if ((await this.kv.get(key)) !== undefined) assert.ok(await this.holds(key, byte), `${key} is wrong`);
    }
  }

  private async holds(key: string, byte: number): Promise<boolean> {
    const pair = await this.kv.get(key);
    return pair?.value.equals(Buffer.alloc(Number(key.split("/")[0]), byte)) === true;
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
    const kv = cluster.client({ timeoutMs: 10_000 });
    const puts = new Puts(kv);
    await kv.put("before", "there was room");
    const follower = await cluster.follower();
    disks.diskOf(follower).fill(LEFT_BYTES);
    assert.is(await puts.many(50, 1 << 20), undefined);
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
    await puts.check();
  },
);

testOnSmallDisks("the disk of the leader is full: another one leads, and no write fails", async (disks) => {
  const { cluster } = disks;
  const kv = cluster.client({ timeoutMs: 10_000 });
  const puts = new Puts(kv);
  const leader = await cluster.leader();
  disks.diskOf(leader).fill(LEFT_BYTES);
  assert.is(await puts.many(50, 1 << 20), undefined);
  await leader.line(/: handing leadership over to server \d$/);
  assert.is.not((await cluster.leader()).id, leader.id);
  disks.diskOf(leader).makeRoom();
  await requireEqual(cluster);
  await puts.check();
});

testOnSmallDisks(
  "all disks are full: writes are refused, reads go on, and all goes on when there is room",
  async (disks) => {
    const { cluster } = disks;
    const kv = cluster.client({ timeoutMs: 10_000 });
    const puts = new Puts(kv);
    for (const server of cluster.servers) disks.diskOf(server).fill(LEFT_BYTES);
    for (const sizeBytes of SIZES) {
      const refusal = await puts.many(1000, sizeBytes);
      assert.is(refusal?.code, "NO_SPACE", `values of ${sizeBytes} bytes`);
    }
    const put = await cluster.kvClient("put", "key", "value");
    assert.is(put.code, 4);
    assert.match(
      put.stderr,
      /^kv_client: localhost:\d+ refused: the disk is full; nothing was written, reads go on; make room on the servers' disks\n$/,
    );
    await puts.check();
    const { revision } = (await cluster.settled())[0]!.header;
    assert.ok(revision >= puts.writtenCount && revision <= puts.writtenCount + puts.uncertainCount);

    // A server that is killed now finds no room when it starts, and must not need any.
    const killed = await cluster.follower();
    await killed.kill("SIGKILL");
    disks.diskOf(killed).fill(0);
    killed.start();
    await killed.line(/following server/);
    const get = await cluster.kvClient(`--server=${killed.address}`, "get", "1/0");
    assert.is(get.code, 0, get.stderr);

    for (const server of cluster.servers) disks.diskOf(server).makeRoom();
    await eventually("writes are taken again", async () => {
      const { code } = await cluster.kvClient("put", "key", "value");
      return code === 0 ? true : undefined;
    });
    await requireEqual(cluster);
    await puts.check();
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
