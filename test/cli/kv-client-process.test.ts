import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FakeKvServer } from "../support/fake-kv-server.ts";

const MAIN = fileURLToPath(new URL("../support/kv-client-main.ts", import.meta.url));

function start(args: readonly string[], servers?: string): ChildProcessWithoutNullStreams {
  const env = servers === undefined ? process.env : { ...process.env, SUNDIAL_SERVERS: servers };
  return spawn(process.execPath, ["--import", "tsx", MAIN, ...args], { env });
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function end(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

test("over TCP: put prints OK and the nodes, get prints the value, and both processes end", async () => {
  const server = new FakeKvServer();
  const address = await server.listen();
  const put = await end(start([`--server=${address}`, "put", "mykey", "Hello World"]));
  assert.equal(put, { code: 0, stdout: "OK (replicated to 3 nodes)\n", stderr: "" });
  const get = await end(start([`--server=${address}`, "get", "mykey"]));
  assert.equal(get, { code: 0, stdout: "Hello World\n", stderr: "" });
  const none = await end(start(["get", "nokey", `--server=${address}`]));
  assert.equal(none, { code: 1, stdout: "", stderr: 'kv_client: key not found: "nokey"\n' });
  await server.close();
});

test("servers come from SUNDIAL_SERVERS, and --server has precedence", async () => {
  const server = new FakeKvServer();
  const address = await server.listen();
  const fromEnv = await end(start(["put", "k", "v", "--no-wait"], address));
  assert.equal(fromEnv, { code: 0, stdout: "OK\n", stderr: "" });
  const fromOption = await end(start(["get", "k", `--server=${address}`], "localhost:1"));
  assert.equal(fromOption, { code: 0, stdout: "v\n", stderr: "" });
  const wrong = await end(start(["get", "k"], "nowhere"));
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /SUNDIAL_SERVERS.*the port is missing/);
  await server.close();
});

test("a value comes through a pipe in many pieces", async () => {
  const server = new FakeKvServer();
  const address = await server.listen();
  const child = start([`--server=${address}`, "put", "big", "-"]);
  const value = Buffer.alloc(1_000_000, "0123456789\n");
  child.stdin.end(value);
  assert.is((await end(child)).code, 0);
  assert.ok(value.equals(server.store.get(Buffer.from("big"))!.value));
  await server.close();
});

test("when the reader of its output goes away (EPIPE) it ends without a word", async () => {
  const server = new FakeKvServer();
  const address = await server.listen();
  const value = new Uint8Array(100_000).fill(97);
  const noSession = { session: new Uint8Array(8), sequence: 0, condition: { when: 0 } } as const;
  for (let i = 0; i < 100; i++) server.store.put({ ...noSession, key: Buffer.from(`key-${i}`), value });
  server.pageSize = 5;
  const child = start([`--server=${address}`, "range"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const { code, stderr } = await end(child);
  assert.equal([code, stderr], [0, ""]);
  await server.close();
});

test("without any server: exit code 3, after the time that was given", async () => {
  const { code, stdout, stderr } = await end(start(["--server=127.0.0.1:1", "--timeout=100ms", "get", "k"]));
  assert.equal([code, stdout], [3, ""]);
  assert.match(
    stderr,
    /^kv_client: no server could do it: .*127\.0\.0\.1:1: connection refused \(ECONNREFUSED\)/,
  );
});

test("output that cannot be written: one line, and exit code 74", async () => {
  const server = new FakeKvServer();
  const address = await server.listen();
  const line = `"${process.execPath}" --import tsx "${MAIN}" --server=${address} put k v >/dev/full`;
  const { code, stdout, stderr } = await end(spawn("sh", ["-c", line]));
  assert.is(stdout, "");
  assert.is(stderr, "kv_client: the output could not be written: no space left on device (ENOSPC)\n");
  assert.is(code, 74);
  await server.close();
});

test.run();
