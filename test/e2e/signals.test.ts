// test-limit-ms: 180000
/**
 * SIGTERM and SIGINT: leadership is handed over, calls in flight are answered, everything is brought to disk, and the
 * exit code is 0.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_GET, KvStatus, KvV1Client, KvWhen } from "../../src/kv/gen/kv.ts";
import { RpcTransportError } from "../../src/oncrpc/index.ts";
import { words } from "../support/bytes.ts";
import { eventually } from "../support/eventually.ts";
import { call } from "../support/kv-calls.ts";
import { readSegments } from "../support/log-files.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { type RealCluster, withCluster, withServers } from "../support/real-cluster.ts";

const NO_SESSION = new Uint8Array(8);

/** Writes all the time. Any write that fails ends it with an error. */
class Writer {
  count = 0;
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(cluster: RealCluster) {
    const kv = cluster.client();
    const work = async (worker: number): Promise<void> => {
      while (!this.stopped) {
        await kv.put(`${worker}/${this.count}`, "value");
        this.count += 1;
      }
    };
    this.running = Promise.all([1, 2, 3, 4].map(work)).then(() => {});
  }

  async progress(): Promise<void> {
    const wanted = this.count + 50;
    await Promise.race([
      this.running,
      eventually("50 more writes", () => (this.count >= wanted ? true : undefined)),
    ]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} to the leader, then to the next: each hands over, ends with 0, and no write fails`, () =>
    withCluster({}, async (cluster) => {
      const writer = new Writer(cluster);
      for (let round = 0; round < 3; round++) {
        await writer.progress();
        const leader = await cluster.leader();
        const { code, stderr } = await leader.kill(signal);
        assert.is(code, 0, stderr);
        assert.match(
          stderr,
          new RegExp(
            `: stopping on ${signal}\n[^]*: handing leadership over to server \\d\n[^]*: stopped\n$`,
          ),
        );
        await writer.progress();
        leader.start();
        await leader.line(/following server|elected leader/);
      }
      await writer.stop();
      const all = await cluster.settled();
      assert.is(all[0]!.header.revision, writer.count);
      assert.is(new Set(all.map(({ status }) => status.storeHash)).size, 1);
    }));
}

test("a server that was stopped has nothing to repair and nothing to apply when it starts", () =>
  withCluster({}, async (cluster) => {
    const kv = cluster.client();
    for (let key = 0; key < 20; key++) await kv.put(`${key}`, "value");
    await cluster.settled();
    const server = await cluster.follower();
    await server.kill("SIGTERM");
    assert.is(readSegments(server).length, 1);
    server.start();
    await server.line(/following server/);
    assert.not.match(server.stderr, /cut off/);
    const [one] = await cluster.settled();
    assert.is(one!.header.revision, 20);
  }));

test("calls in flight are answered before the server ends", () =>
  withCluster({}, async (cluster) => {
    const server = await cluster.leader();
    const rpc = server.connect(30_000);
    const client = new KvV1Client(rpc);
    const puts = Array.from({ length: 200 }, (_, i) => {
      const key = Buffer.from(`${i}`);
      const condition = { when: KvWhen.KV_ALWAYS };
      return client.put({ session: NO_SESSION, sequence: 0, key, value: key, condition }).then(
        ({ result }) => result.status,
        (error: unknown) => error,
      );
    });
    await puts[0];
    const ended = server.kill("SIGTERM");
    const answers = await Promise.all(puts);
    assert.is((await ended).code, 0);
    rpc.close();
    // One that had not been read yet when the server stopped reading is lost with the connection, and says so.
    const failures = answers.filter((answer) => answer !== KvStatus.KV_OK);
    for (const failure of failures) assert.instance(failure, RpcTransportError);
    assert.ok(failures.length < 200);
  }));

test("a client that never ends its connection, or never reads, does not keep a server from stopping", () =>
  withCluster({ size: 1 }, async (cluster) => {
    const [server] = cluster.servers;
    await cluster.client().put("big", Buffer.alloc(1 << 20));
    const address = { host: "127.0.0.1", port: server!.port };
    const idle = await RawPeer.connect(address);
    const mute = await RawPeer.connect(address, false);
    const getBig = call(KV_GET.proc, words(3), Buffer.from("big\0"), words(0, 0, 0));
    for (let i = 0; i < 20; i++) mute.send(record(getBig));
    await cluster.client().get("big");
    const { code, stderr } = await server!.kill("SIGTERM");
    assert.is(code, 0, stderr);
    idle.destroy();
    mute.destroy();
  }));

test("a second signal while a server stops changes nothing", () =>
  withCluster({}, async (cluster) => {
    const leader = await cluster.leader();
    for (const signal of ["SIGINT", "SIGINT", "SIGTERM"] as const) leader.signal(signal);
    const { code, stderr } = await leader.ended();
    assert.is(code, 0);
    assert.is(stderr.match(/stopping on/g)?.length, 1);
    assert.match(stderr, /: stopped\n$/);
  }));

test("SIGTERM while the cluster is being formed ends a server at once, with 0; it can be started again", () =>
  withServers({}, async (cluster) => {
    const [one, two, three] = cluster.servers;
    one!.start();
    await one!.line(/waiting for/);
    const { code, stderr } = await one!.kill("SIGTERM");
    assert.is(code, 0, stderr);
    assert.match(stderr, /: stopping on SIGTERM\n.*: stopped\n$/);
    for (const server of [one!, two!, three!]) server.start();
    await cluster.leader();
  }));

test("a server alone, and all of three at once, stop with 0", () =>
  withCluster({}, async (cluster) => {
    await cluster.client().put("key", "value");
    const ends = await Promise.all(cluster.servers.map((server) => server.kill("SIGTERM")));
    assert.equal(
      ends.map((end) => end.code),
      [0, 0, 0],
    );
    for (const server of cluster.servers) server.start();
    assert.is((await cluster.client().get("key"))?.value.toString(), "value");
    await withCluster({ size: 1 }, async (alone) => {
      await alone.client().put("key", "value");
      assert.is((await alone.servers[0]!.kill("SIGINT")).code, 0);
    });
  }));

test("a server goes on when nobody reads what it says any more", () =>
  withServers({ size: 1 }, async (cluster) => {
    const [server] = cluster.servers;
    server!.start();
    await server!.line(/elected leader/);
    server!.closeStderr();
    await cluster.client().put("key", "value");
    assert.is((await server!.kill("SIGTERM")).code, 0);
  }));

test.run();
