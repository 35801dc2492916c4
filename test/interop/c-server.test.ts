/**
 * A server in C, made of idl/kv.x by stock rpcgen and libtirpc, called by the TypeScript clients: what they send and
 * understand is the protocol of the `.x` file, and not only what our own server happens to take.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvClient } from "../../src/kv/client/kv-client.ts";
import {
  KvConsistency,
  type KvGetArgs,
  type KvPutArgs,
  KvRole,
  KvStatus,
  KvV1Client,
  KvWhen,
} from "../../src/kv/gen/kv.ts";
import { RpcClient, tcpTransport } from "../../src/oncrpc/index.ts";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { ServerProcess } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { compileGenerated, compileProgram, missingCPackages, rpcgen } from "../support/stock-rpcgen.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const MISSING = missingCPackages();
const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

let program: string | undefined;

function build(): string {
  const directory = scratchDirectory();
  const generated = rpcgen(join(HERE, "..", "..", "idl", "kv.x"), directory);
  const objects = compileGenerated([generated.xdr, generated.dispatch], directory);
  return compileProgram(join(HERE, "c", "kv-server.c"), objects, directory);
}

/** Starts the C server, and ends it when `run` is done. */
async function withServer(run: (port: number) => Promise<void>): Promise<void> {
  program ??= build();
  const server = new ServerProcess(program, []);
  try {
    await run(Number(await server.prints(/^\d+$/m)));
  } finally {
    await server.kill();
  }
}

async function withStubs(run: (client: KvV1Client) => Promise<void>): Promise<void> {
  await withServer(async (port) => {
    const rpc = new RpcClient(tcpTransport({ host: "127.0.0.1", port }));
    try {
      await run(new KvV1Client(rpc));
    } finally {
      rpc.close();
    }
  });
}

function putArgs(key: string, value: string | Uint8Array, ifRevision?: number): KvPutArgs {
  const condition =
    ifRevision === undefined
      ? { when: KvWhen.KV_ALWAYS }
      : { when: KvWhen.KV_IF_REVISION, modRevision: ifRevision };
  return {
    session: new Uint8Array(8),
    sequence: 0,
    key: Buffer.from(key),
    value: Buffer.from(value),
    condition,
  };
}

function getArgs(key: string): KvGetArgs {
  return { key: Buffer.from(key), revision: 0, consistency: KvConsistency.KV_LINEARIZABLE };
}

testThatNeeds(lackOf(MISSING), "the generated client calls every procedure of a server in C", async () => {
  await withStubs(async (client) => {
    await client.null();
    const put = await client.put(putArgs("b", EVERY_BYTE));
    assert.equal(put, {
      header: { cluster: 1, server: 1, term: 1, revision: 1 },
      result: { status: KvStatus.KV_OK, ok: { revision: 1, prevRevision: 0, keyVersion: 1 } },
    });
    const { result } = await client.get(getArgs("b"));
    assert.is(result.status, KvStatus.KV_OK);
    if (result.status !== KvStatus.KV_OK) return;
    assert.equal(Uint8Array.from(result.pair.value), EVERY_BYTE);

    const status = await client.status();
    assert.is(status.status.role, KvRole.KV_LEADER);
    assert.is(status.status.keys, 1);
    assert.equal(status.status.members, [
      { server: 1, address: "localhost", reachable: true, matchIndex: 0 },
    ]);

    const replicas = await client.replicas({ revision: 1, waitMs: 0 });
    assert.equal(replicas.result, { status: KvStatus.KV_OK, ok: { replicas: 1, members: 1 } });
  });
});

testThatNeeds(lackOf(MISSING), "every arm of the unions of a C server's results is understood", async () => {
  await withStubs(async (client) => {
    await client.put(putArgs("a", "1"));
    const conflict = await client.put(putArgs("a", "2", 7));
    assert.equal(conflict.result, { status: KvStatus.KV_CONFLICT, modRevision: 1 });
    const invalid = await client.put(putArgs("", "2"));
    assert.equal(invalid.result, { status: KvStatus.KV_INVALID, message: "a key has at least one byte" });
    const missing = await client.get(getArgs("z"));
    assert.equal(missing.result, { status: KvStatus.KV_NOT_FOUND, message: "no such key" });
    const future = await client.replicas({ revision: 2, waitMs: 0 });
    assert.equal(future.result, {
      status: KvStatus.KV_FUTURE_REVISION,
      message: "there is no such revision yet",
    });
  });
});

testThatNeeds(
  lackOf(MISSING),
  "a thousand calls in flight are answered by a C server, each with its own result",
  async () => {
    await withStubs(async (client) => {
      const keys = Array.from({ length: 1000 }, (_, i) => `key-${i}`);
      await Promise.all(keys.map((key) => client.put(putArgs(key, `value of ${key}`))));
      const results = await Promise.all(keys.map((key) => client.get(getArgs(key))));
      const values = results.map(({ result }) =>
        result.status === KvStatus.KV_OK ? Buffer.from(result.pair.value).toString() : result.message,
      );
      assert.equal(
        values,
        keys.map((key) => `value of ${key}`),
      );
    });
  },
);

testThatNeeds(lackOf(MISSING), "KvClient puts, gets, ranges and deletes on a server in C", async () => {
  await withServer(async (port) => {
    const kv = new KvClient({ servers: [`127.0.0.1:${port}`] });
    try {
      for (const key of ["a", "b", "c"]) await kv.put(key, `${key}!`);
      assert.is((await kv.get("b"))?.value.toString(), "b!");
      await kv.delete("b");
      assert.is(await kv.get("b"), undefined);
      const { pairs } = await kv.range({ start: "a", end: "z" });
      assert.equal(
        pairs.map(({ key, value }) => `${key.toString()}=${value.toString()}`),
        ["a=a!", "c=c!"],
      );
    } finally {
      kv.close();
    }
  });
});

test.run();
