import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../../src/kv/index.ts";
import type { Fault } from "../../support/fake-kv-server.ts";
import { clusterWithClient, IMPATIENT } from "../../support/kv-cluster-client.ts";
import { seededRandom } from "../../support/seeded-random.ts";

const UNCERTAIN = { kind: "answer", status: KvStatus.KV_UNCERTAIN, message: "no answer in time" } as const;

/** After each of these the client cannot know whether the write was applied. */
const DOUBTS: Readonly<Record<string, (isApplied: boolean) => Fault>> = {
  "a reply that is lost with its connection": (isApplied) => ({ kind: "hang-up", isApplied }),
  "a reply that never comes": (isApplied) => ({ kind: "silence", isApplied }),
  "an answer that says KV_UNCERTAIN": (isApplied) => ({ ...UNCERTAIN, isApplied }),
  "an internal error of the server (SYSTEM_ERR)": (isApplied) => ({ kind: "throw", isApplied }),
};

for (const [doubt, fault] of Object.entries(DOUBTS)) {
  for (const isApplied of [true, false]) {
    const state = isApplied ? "was" : "was not";
    test(`after ${doubt}, a put that ${state} applied is sent again with the same sequence and applied once`, async () => {
      const { cluster, kv } = clusterWithClient(3, IMPATIENT);
      cluster.servers[0]!.faults.push(fault(isApplied));
      assert.equal(await kv.put("k", "v"), { revision: 1, prevRevision: 0, keyVersion: 1 });
      assert.is(cluster.store.revision, 1);
      const [first] = cluster.servers[0]!.writes;
      const [second] = cluster.servers[1]!.writes;
      assert.equal(second, first);
      assert.is(first!.sequence, 1);
      kv.close();
    });
  }

  test(`after ${doubt}, a delete that was applied still tells what it removed`, async () => {
    const { cluster, kv } = clusterWithClient(3, IMPATIENT);
    await kv.put("k", "v");
    cluster.servers[0]!.faults.push(fault(true));
    assert.equal(await kv.delete("k"), { revision: 2, prevRevision: 1 });
    assert.is(cluster.store.revision, 2);
    kv.close();
  });

  test(`after ${doubt}, a conditional put that was applied does not conflict with itself`, async () => {
    const { cluster, kv } = clusterWithClient(3, IMPATIENT);
    cluster.servers[0]!.faults.push(fault(true));
    assert.is((await kv.put("k", "v", { ifRevision: 0 })).revision, 1);
    kv.close();
  });
}

test("a write whose reply is lost by every server in turn is applied once", async () => {
  const { cluster, kv } = clusterWithClient(3, IMPATIENT);
  for (const server of cluster.servers) server.faults.push({ kind: "hang-up", isApplied: true });
  assert.is((await kv.put("k", "v")).revision, 1);
  assert.is(cluster.store.revision, 1);
  kv.close();
});

test("with one server only, a lost reply is asked for again over a new connection", async () => {
  const { cluster, kv } = clusterWithClient(1);
  cluster.servers[0]!.faults.push({ kind: "hang-up", isApplied: true });
  assert.is((await kv.put("k", "v")).revision, 1);
  assert.is(cluster.servers[0]!.connections, 2);
  kv.close();
});

test("concurrent writes are each applied exactly once while replies are lost at random", async () => {
  const { cluster, kv } = clusterWithClient(3, IMPATIENT);
  const random = seededRandom(20_240_611);
  const kinds = ["hang-up", "silence", "throw"] as const;
  for (const server of cluster.servers) {
    for (let i = 0; i < 150; i++) {
      const kind = kinds[Math.floor(random() * 12)];
      if (kind !== undefined) server.faults.push({ kind, isApplied: random() < 0.5 });
      else server.faults.push({ kind: "answer", status: KvStatus.KV_BUSY, message: "busy" });
    }
  }
  const count = 200;
  const results = await Promise.all(
    Array.from({ length: count }, (_, i) => kv.put(`key-${i}`, `value-${i}`)),
  );
  assert.is(cluster.store.revision, count);
  assert.ok(results.every(({ keyVersion }) => keyVersion === 1));
  assert.is(new Set(results.map(({ revision }) => revision)).size, count);
  kv.close();
});

test.run();
