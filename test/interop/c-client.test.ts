/**
 * A client in C, made of idl/kv.x by stock rpcgen: what the promise "any program with a stock rpcgen is a full
 * client" means.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import { parseAddress } from "../../src/oncrpc/index.ts";
import { answering, FakeKvServer } from "../support/fake-kv-server.ts";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { type ProgramResult, runProgram } from "../support/program.ts";
import { withCluster } from "../support/real-cluster.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { compileGenerated, compileProgram, missingCPackages, rpcgen } from "../support/stock-rpcgen.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const MISSING = missingCPackages();

/** One run of the C client. */
type KvClientInC = (...args: string[]) => Promise<ProgramResult>;

let program: string | undefined;

function build(): string {
  const directory = scratchDirectory();
  const generated = rpcgen(join(HERE, "..", "..", "idl", "kv.x"), directory);
  const objects = compileGenerated([generated.xdr, generated.client], directory);
  return compileProgram(join(HERE, "c", "kv-client.c"), objects, directory);
}

function clientOf(host: string, port: number): KvClientInC {
  program ??= build();
  const path = program;
  return (...args) => runProgram(path, [host, String(port), ...args]);
}

/** A server with faults, reached through a proxy that can cut connections. */
async function withFakeServer(
  run: (server: FakeKvServer, client: KvClientInC, proxy: TcpProxy) => Promise<void>,
): Promise<void> {
  const server = new FakeKvServer();
  const proxy = await TcpProxy.listen(parseAddress(await server.listen()).port);
  try {
    await run(server, clientOf(proxy.host, proxy.port), proxy);
  } finally {
    await proxy.close();
    await server.close();
  }
}

const done = (stdout: string): ProgramResult => ({ exitCode: 0, stdout, stderr: "" });
const notFound: ProgramResult = { exitCode: 1, stdout: "", stderr: "" };

testThatNeeds(
  lackOf(MISSING),
  "a client from stock rpcgen puts, gets, ranges and deletes on every server of a cluster",
  async () => {
    await withCluster({}, async (cluster) => {
      const [one, two, three] = cluster.servers.map(({ port }) => clientOf("127.0.0.1", port));
      let revision = 0;
      const changed = (): ProgramResult => done(`revision ${++revision}\n`);
      // Each takes its turn at every part; what it does, the next one must see at once.
      for (const [here, there] of [
        [one!, two!],
        [two!, three!],
        [three!, one!],
      ] as const) {
        assert.equal(await here("get", "mykey"), notFound);
        assert.equal(await here("put", "mykey", "Hello World"), changed());
        assert.equal(await there("get", "mykey"), done("Hello World\n"));
        assert.equal(await here("put", "other", ""), changed());
        assert.equal(await here("put", "zebra", "stripes"), changed());
        assert.equal(await there("range", "m", "z"), done("mykey\tHello World\nother\t\n"));
        assert.equal(await here("del", "other"), changed());
        assert.equal(await there("del", "other"), notFound);
        assert.equal(await here("range", "m", "zz"), done("mykey\tHello World\nzebra\tstripes\n"));
        assert.equal(await there("del", "mykey"), changed());
        assert.equal(await here("del", "zebra"), changed());
      }
    });
  },
);

testThatNeeds(
  lackOf(MISSING),
  "a write whose reply is lost is sent again by the C client and applied once",
  async () => {
    await withFakeServer(async (server, client, proxy) => {
      proxy.loseNextReply();
      const { exitCode, stdout } = await client("put", "mykey", "once");
      assert.equal({ exitCode, stdout }, { exitCode: 0, stdout: "revision 1\n" });
      assert.is(server.store.revision, 1);
      const [first, second] = server.writes;
      assert.is(server.writes.length, 2);
      assert.equal(first, second);
      assert.is(first?.sequence, 1);
    });
  },
);

testThatNeeds(lackOf(MISSING), "the C client asks again where the answer says that it may help", async () => {
  await withFakeServer(async (server, client) => {
    server.faults.push(answering(KvStatus.KV_BUSY), answering(KvStatus.KV_UNAVAILABLE));
    assert.equal(await client("put", "mykey", "at last"), done("revision 1\n"));
    server.faults.push(answering(KvStatus.KV_NO_SPACE, "the disk is full"));
    const refused = await client("put", "mykey", "too much");
    assert.equal(refused, { exitCode: 3, stdout: "", stderr: "kv-client: mykey: the disk is full\n" });
  });
});

testThatNeeds(
  lackOf(MISSING),
  "the C client gets a range that comes in several answers as a whole",
  async () => {
    await withFakeServer(async (server, client) => {
      server.pageSize = 2;
      const keys = ["a", "b", "c", "d", "e"];
      for (const key of keys) assert.is((await client("put", key, `${key}!`)).exitCode, 0);
      assert.equal(await client("range", "", ""), done(keys.map((key) => `${key}\t${key}!\n`).join("")));
      assert.is(server.calls.filter((name) => name === "KV_RANGE").length, 3);
    });
  },
);

test.run();
