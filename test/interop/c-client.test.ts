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
import { interopTest } from "../support/interop.ts";
import { withKvServer } from "../support/kv-server-process.ts";
import { type ProgramResult, runProgram } from "../support/program.ts";
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

interopTest("a client from stock rpcgen puts, gets, ranges and deletes on a kv_server", MISSING, async () => {
  await withKvServer(async ({ host, port }) => {
    const client = clientOf(host, port);
    assert.equal(await client("get", "mykey"), notFound);
    assert.equal(await client("put", "mykey", "Hello World"), done("revision 1\n"));
    assert.equal(await client("get", "mykey"), done("Hello World\n"));
    assert.equal(await client("put", "other", ""), done("revision 2\n"));
    assert.equal(await client("put", "zebra", "stripes"), done("revision 3\n"));
    assert.equal(await client("range", "m", "z"), done("mykey\tHello World\nother\t\n"));
    assert.equal(await client("del", "other"), done("revision 4\n"));
    assert.equal(await client("del", "other"), notFound);
    assert.equal(await client("range", "m", "zz"), done("mykey\tHello World\nzebra\tstripes\n"));
  });
});

interopTest(
  "a write whose reply is lost is sent again by the C client and applied once",
  MISSING,
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

interopTest("the C client asks again where the answer says that it may help", MISSING, async () => {
  await withFakeServer(async (server, client) => {
    server.faults.push(answering(KvStatus.KV_BUSY), answering(KvStatus.KV_UNAVAILABLE));
    assert.equal(await client("put", "mykey", "at last"), done("revision 1\n"));
    server.faults.push(answering(KvStatus.KV_NO_SPACE, "the disk is full"));
    const refused = await client("put", "mykey", "too much");
    assert.equal(refused, { exitCode: 3, stdout: "", stderr: "kv-client: mykey: the disk is full\n" });
  });
});

interopTest("the C client gets a range that comes in several answers as a whole", MISSING, async () => {
  await withFakeServer(async (server, client) => {
    server.pageSize = 2;
    const keys = ["a", "b", "c", "d", "e"];
    for (const key of keys) assert.is((await client("put", key, `${key}!`)).exitCode, 0);
    assert.equal(await client("range", "", ""), done(keys.map((key) => `${key}\t${key}!\n`).join("")));
    assert.is(server.calls.filter((name) => name === "KV_RANGE").length, 3);
  });
});

test.run();
