import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvLimitError, KvRefusedError, KvStatus, KvUncertainError } from "../../../src/kv/index.ts";
import { failureOfClass } from "../../support/failure.ts";
import { answering } from "../../support/fake-kv-server.ts";
import { clusterWithClient } from "../../support/kv-cluster-client.ts";

const EXPIRED = answering(KvStatus.KV_SESSION_EXPIRED, "the session is not known any more");

test("writes one after the other use one session, with sequences 1, 2, 3", async () => {
  const { cluster, kv } = clusterWithClient();
  for (const value of ["a", "b", "c"]) await kv.put("k", value);
  const { writes } = cluster.servers[0]!;
  assert.equal(
    writes.map(({ sequence }) => sequence),
    [1, 2, 3],
  );
  assert.is(new Set(writes.map(({ session }) => session)).size, 1);
  kv.close();
});

test("a write that is refused before anything is sent uses up no sequence", async () => {
  const { cluster, kv } = clusterWithClient();
  await failureOfClass(KvLimitError, kv.put("", "v"));
  await failureOfClass(RangeError, kv.delete("k", { ifRevision: -1 }));
  await kv.put("k", "v");
  assert.equal(
    cluster.servers[0]!.writes.map(({ sequence }) => sequence),
    [1],
  );
  kv.close();
});

test("concurrent writes use a session each, and later writes use those again", async () => {
  const { cluster, kv } = clusterWithClient();
  const burst = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 50 }, (_, i) => kv.put(`key-${i}`, "v")));
  await burst();
  assert.is(cluster.store.sessionCount, 50);
  await burst();
  assert.is(cluster.store.sessionCount, 50);
  assert.is(cluster.store.revision, 100);
  kv.close();
});

test("a thousand callers at a time share one connection", async () => {
  const { cluster, kv } = clusterWithClient();
  await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => {
      await kv.put(`key-${i}`, `value-${i}`);
      assert.is((await kv.get(`key-${i}`))?.value.toString(), `value-${i}`);
    }),
  );
  assert.is(cluster.store.revision, 1000);
  assert.is(cluster.servers[0]!.connections, 1);
  assert.is(cluster.servers[1]!.connections, 0);
  kv.close();
});

test("a session is eight bytes, not all zero, and different for each client", async () => {
  const { cluster, kv } = clusterWithClient();
  const { kv: other } = clusterWithClient(3, { transport: cluster.transport });
  await kv.put("k", "v");
  await other.put("k", "v");
  const [one, two] = cluster.servers[0]!.writes.map(({ session }) => session);
  assert.match(one!, /^[0-9a-f]{16}$/);
  assert.is.not(one, "0000000000000000");
  assert.is.not(one, two);
  kv.close();
  other.close();
});

test("KV_SESSION_EXPIRED: a write that no server can have applied goes on in a new session", async () => {
  const { cluster, kv } = clusterWithClient();
  await kv.put("k", "old");
  cluster.store.forgetSessions();
  assert.is((await kv.put("k", "new")).keyVersion, 2);
  const { writes } = cluster.servers[0]!;
  assert.equal(
    writes.map(({ sequence }) => sequence),
    [1, 2, 1],
  );
  assert.is.not(writes[2]!.session, writes[1]!.session);
  kv.close();
});

test("KV_SEQUENCE_OLD of a session that somebody else has used too: the write goes on in a new one", async () => {
  const { cluster, kv } = clusterWithClient();
  await kv.put("k", "old");
  cluster.servers[0]!.faults.push(answering(KvStatus.KV_SEQUENCE_OLD));
  assert.is((await kv.put("k", "new")).keyVersion, 2);
  kv.close();
});

test("KV_SESSION_EXPIRED after a try that may have been applied is not tried in a new session: it is uncertain", async () => {
  const { cluster, kv } = clusterWithClient();
  await kv.put("k", "v1");
  cluster.servers[0]!.faults.push({ kind: "hang-up", isApplied: true });
  cluster.servers[1]!.faults.push(EXPIRED);
  const error = await failureOfClass(KvUncertainError, kv.put("k", "v2"));
  assert.match(error.message, /may or may not have been applied/);
  assert.is(cluster.store.revision, 2);
  kv.close();
});

test("a server that calls even a new session expired is believed, and not asked for ever", async () => {
  const { cluster, kv } = clusterWithClient(1);
  cluster.servers[0]!.standingFault = EXPIRED;
  const error = await failureOfClass(KvRefusedError, kv.put("k", "v"));
  assert.is(error.code, "SESSION_EXPIRED");
  kv.close();
});

test("the session of a write that was given up goes on with a higher sequence, which bars the write for good", async () => {
  const { cluster, kv } = clusterWithClient(1);
  await kv.put("k", "v1");
  cluster.servers[0]!.standingFault = { kind: "silence", isApplied: false };
  await failureOfClass(KvUncertainError, kv.put("k", "lost", { timeoutMs: 60 }));
  cluster.servers[0]!.standingFault = undefined;
  assert.is((await kv.put("k", "v2")).revision, 2);
  const { writes } = cluster.servers[0]!;
  assert.is(writes.at(-1)!.sequence, 3);
  assert.is(new Set(writes.map(({ session }) => session)).size, 1);
  kv.close();
});

test.run();
