import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/index.ts";
import { answering, FakeCluster } from "../support/fake-kv-server.ts";
import { runKvClient } from "../support/run-kv-client.ts";

test("options may stand before the command, behind it, and behind its arguments", async () => {
  for (const args of [
    ["--output=json", "--timeout", "5s", "put", "k", "v"],
    ["put", "--output=json", "--timeout", "5s", "k", "v"],
    ["put", "k", "v", "--output", "json", "--timeout=5s"],
    ["put", "k", "--output", "json", "v"],
  ]) {
    const cluster = new FakeCluster(1);
    const { exitCode, stdout } = await runKvClient(cluster, args);
    assert.is(exitCode, 0);
    assert.is(JSON.parse(stdout).revision, 1);
  }
});

test("servers are given with commas between them, or one by one", async () => {
  const cluster = new FakeCluster(3);
  cluster.servers[0]!.isDown = true;
  for (const servers of [
    ["--server=s1:1,s2:1"],
    ["--server", "s1:1", "--server", "s2:1"],
    ["--server=s1:1, s2:1,"],
  ]) {
    assert.is((await runKvClient(cluster, [...servers, "put", "k", "v"])).exitCode, 0);
  }
  assert.is(cluster.store.revision, 3);
  assert.is(cluster.servers[2]!.calls.length, 0);
});

test("keys and values that begin with a dash stand behind --", async () => {
  const cluster = new FakeCluster(1);
  assert.is((await runKvClient(cluster, ["put", "--", "-k", "-5"])).exitCode, 0);
  assert.is((await runKvClient(cluster, ["get", "--", "-k"])).stdout, "-5\n");
});

const WRONG: readonly (readonly [args: string[], line: string | RegExp])[] = [
  [["get"], "missing required argument 'key' (kv_client get --help shows what can be given)"],
  [["get", "a", "b"], /^too many arguments for 'get'/],
  [["pot", "a"], "unknown command 'pot' (Did you mean put?) (kv_client --help shows what can be given)"],
  [
    ["get", "k", "--sever=x"],
    "unknown option '--sever=x' (Did you mean --server?) (kv_client get --help shows what can be given)",
  ],
  [["put", "k", "-v"], /unknown option '-v'.*write -- before a key that begins with a dash/],
  [["get", "k", "--timeout=soon"], /'--timeout <time>'.*Write a time such as 500ms or 5s, from 1ms to 240s/],
  [["get", "k", "--timeout=0"], /Write a time/],
  [["get", "k", "--timeout=5m"], /Write a time/],
  [["get", "k", "--timeout=5"], /Write a time/],
  [["get", "\ufffd"], /must be UTF-8, without U\+FFFD: write it in hex, with --hex/],
  [["put", "k", "a\ufffdb"], /or give a value on standard input, with -/],
  [["get", "k", "--server=localhost"], /address "localhost": the port is missing, as in localhost:9001/],
  [["get", "k", "--server=a:1 b:2"], /Write commas between the servers, without spaces/],
  [["get", "k", "--server=a:0"], /address "a:0": port 0 cannot be reached/],
  [["get", "k", "--server="], /Name a server, as in localhost:9001/],
  [["get", "k", "--server=a:99999"], /port "99999" is not a number between 0 and 65535/],
  [["get", "k", "--output=yaml"], /Allowed choices are simple, json, table/],
  [["get", "k", "--revision=0"], /Write a whole number, 1 or more/],
  [["get", "k", "--revision=x"], /Write a whole number, 1 or more/],
  [["put", "k", "v", "--if-revision=-1"], /Write a whole number, 0 or more/],
  [["put", "k", "v", "--if-absent", "--if-revision=1"], /cannot be used with option '--if-absent'/],
  [["put", "k", "v", "--wait=2m"], /from 0ms to 60s/],
  [["range", "--limit=0"], /Write a whole number, 1 or more/],
  [["bench", "frob"], /Allowed choices are put, get/],
  [["bench", "put", "--clients=0"], /Write a whole number from 1 to 100000/],
  [["bench", "put", "--value-size=2000000"], /Write a whole number from 0 to 1048576/],
];

for (const [args, line] of WRONG) {
  test(`kv_client ${args.join(" ")}: one line on stderr that says what is wrong, and exit code 2`, async () => {
    const cluster = new FakeCluster(1);
    const { exitCode, stdout, stderr } = await runKvClient(cluster, args);
    assert.equal([exitCode, stdout], [2, ""]);
    assert.match(stderr, /^kv_client: [^\n]+\n$/);
    const text = stderr.slice("kv_client: ".length, -1);
    if (typeof line === "string") assert.is(text, line);
    else assert.match(text, line);
    assert.is(cluster.servers[0]!.connections, 0);
  });
}

test("without a command the help goes to stderr, and the exit code is 2", async () => {
  const { exitCode, stdout, stderr } = await runKvClient(new FakeCluster(1), []);
  assert.equal([exitCode, stdout], [2, ""]);
  assert.match(stderr, "Usage: kv_client");
});

test("--help and --version go to stdout, and the exit code is 0", async () => {
  const help = await runKvClient(new FakeCluster(1), ["put", "--help"]);
  assert.equal([help.exitCode, help.stderr], [0, ""]);
  assert.match(help.stdout, "--if-absent");
  assert.match(help.stdout, "--server");
  const version = await runKvClient(new FakeCluster(1), ["--version"]);
  assert.match(version.stdout, /^sundial \d+\.\d+\.\d+\n$/);
});

test("too large or empty keys and values are refused before anything is sent: exit code 4", async () => {
  const cluster = new FakeCluster(1);
  const wrong: [string[], string, string?][] = [
    [["get", ""], "the key is empty; a key has at least 1 byte"],
    [["put", "k".repeat(4097), "v"], "the key has 4097 bytes; a key has at most 4096"],
    [["put", "k", "v".repeat(1_048_577)], "the value has 1048577 bytes; a value has at most 1048576"],
    [
      ["put", "k", "-"],
      "standard input has more than 1048576 bytes; a value has at most 1048576",
      "v".repeat(1_048_577),
    ],
  ];
  for (const [args, text, stdin = ""] of wrong) {
    const { exitCode, stdout, stderr } = await runKvClient(cluster, args, { stdin });
    assert.equal([exitCode, stdout, stderr], [4, "", `kv_client: ${text}\n`]);
  }
  assert.is(cluster.servers[0]!.connections, 0);
});

test("what a server refuses: exit code 4, with the server's words", async () => {
  const cluster = new FakeCluster(1);
  cluster.servers[0]!.faults.push(
    answering(KvStatus.KV_TOO_LARGE, "the value has 9 bytes; this server takes 4"),
  );
  const { exitCode, stderr } = await runKvClient(cluster, ["put", "k", "123456789"]);
  const text = "s1:1 refused: the value has 9 bytes; this server takes 4";
  assert.equal([exitCode, stderr], [4, `kv_client: ${text}\n`]);
});

test("no server: exit code 3, with each server and the reason, and what to do", async () => {
  const cluster = new FakeCluster(2);
  for (const server of cluster.servers) server.isDown = true;
  const { exitCode, stdout, stderr } = await runKvClient(cluster, ["--timeout=60ms", "get", "k"]);
  assert.equal([exitCode, stdout], [3, ""]);
  assert.match(
    stderr,
    /^kv_client: no server could do it: gave up after \d+ ms \(s1:1, s2:1: connection refused \(ECONNREFUSED\)\); check that the servers run, or name others with --server\n$/,
  );
});

test("no majority: exit code 3", async () => {
  const cluster = new FakeCluster(1);
  cluster.servers[0]!.standingFault = answering(KvStatus.KV_UNAVAILABLE, "no majority of the servers");
  const { exitCode, stderr } = await runKvClient(cluster, ["--timeout=60ms", "get", "k"]);
  assert.is(exitCode, 3);
  assert.match(stderr, /no majority of the servers\); kv_client status shows which servers are up\n$/);
});

test("no answer to a write in time: exit code 3, and the text says that it may have been applied", async () => {
  const cluster = new FakeCluster(1);
  cluster.servers[0]!.standingFault = { kind: "silence", isApplied: true };
  const { exitCode, stdout, stderr } = await runKvClient(cluster, ["--timeout=200ms", "put", "k", "v"]);
  assert.equal([exitCode, stdout], [3, ""]);
  assert.match(stderr, /^kv_client: the write may or may not have been applied: .*; read the key to see\n$/);
});

test.run();
