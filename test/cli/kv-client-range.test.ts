import { test } from "uvu";
import * as assert from "uvu/assert";
import { FakeCluster } from "../support/fake-kv-server.ts";
import { runKvClient } from "../support/run-kv-client.ts";

async function filledCluster(): Promise<FakeCluster> {
  const cluster = new FakeCluster(1);
  for (const [key, value] of [
    ["a", "1"],
    ["user/1", "Ann"],
    ["user/2", "Bob\tB\n"],
    ["z", "\\"],
  ] as const) {
    await runKvClient(cluster, ["put", key, value]);
  }
  cluster.servers[0]!.pageSize = 1;
  return cluster;
}

const ALL = "a\t1\nuser/1\tAnn\nuser/2\tBob\\tB\\n\nz\t\\\\\n";

test("range prints a line a pair, through all pages, with what would break a line escaped", async () => {
  const { exitCode, stdout, stderr } = await runKvClient(await filledCluster(), ["range"]);
  assert.equal([exitCode, stdout, stderr], [0, ALL, ""]);
});

test("range START END stops before END; range START goes to the last key", async () => {
  const cluster = await filledCluster();
  assert.is((await runKvClient(cluster, ["range", "b", "user/2"])).stdout, "user/1\tAnn\n");
  assert.is((await runKvClient(cluster, ["range", "y"])).stdout, "z\t\\\\\n");
});

test("range --prefix, --limit and --keys-only", async () => {
  const cluster = await filledCluster();
  const keys = (...args: string[]): Promise<string> =>
    runKvClient(cluster, ["range", "--keys-only", ...args]).then(({ stdout }) => stdout);
  assert.is(await keys("--prefix", "user/"), "user/1\nuser/2\n");
  assert.is(await keys("--limit=2"), "a\nuser/1\n");
  assert.is(await keys("--prefix=user/", "--limit=1"), "user/1\n");
});

test("range --revision prints the store as it was", async () => {
  const cluster = await filledCluster();
  assert.is((await runKvClient(cluster, ["range", "--revision=2"])).stdout, "a\t1\nuser/1\tAnn\n");
});

test("a range without any pair prints nothing and exits 0", async () => {
  const { exitCode, stdout } = await runKvClient(await filledCluster(), ["range", "--prefix", "none"]);
  assert.equal([exitCode, stdout], [0, ""]);
});

test("range --output json is one object, however many pages it came in", async () => {
  const cluster = await filledCluster();
  const { stdout } = await runKvClient(cluster, ["range", "--output=json", "--limit=3", "--keys-only"]);
  assert.equal(JSON.parse(stdout), {
    revision: 4,
    pairs: [{ key: "a" }, { key: "user/1" }, { key: "user/2" }],
    more: true,
  });
  const all = JSON.parse((await runKvClient(cluster, ["range", "--output=json"])).stdout);
  assert.is(all.pairs.length, 4);
  assert.equal(all.pairs[2].value, "Bob\tB\n");
  const none = await runKvClient(cluster, ["range", "x", "y", "--output=json"]);
  assert.equal(JSON.parse(none.stdout), { revision: 4, pairs: [], more: false });
});

test("range --output table has columns as wide as the widest cell", async () => {
  const { stdout } = await runKvClient(await filledCluster(), ["range", "--output=table", "--limit=2"]);
  assert.is(
    stdout,
    [
      "KEY     VALUE  REVISION  CREATED  VERSION",
      "a       1             1        1        1",
      "user/1  Ann           2        2        1",
      "",
    ].join("\n"),
  );
});

test("range --prefix together with START is wrong usage", async () => {
  const { exitCode, stderr } = await runKvClient(await filledCluster(), ["range", "a", "--prefix=b"]);
  assert.equal([exitCode, stderr], [2, "kv_client: give either START and END or --prefix, not both\n"]);
});

test.run();
