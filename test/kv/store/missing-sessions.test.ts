/**
 * A server that has forgotten a session applies a retried write twice, and then differs from the others for good. So
 * a checkpoint notes the sum of all its sessions' checksums, and a store without all of them does not open.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { StoreDamagedError } from "../../../src/kv/store/errors.ts";
import { MemoryRecordStore } from "../../../src/kv/store/memory-record-store.ts";
import { MvccStore, type SessionChange } from "../../../src/kv/store/mvcc-store.ts";
import type { RecordStore } from "../../../src/kv/store/record-store.ts";
import { bytes } from "./store-model.ts";

const POSITION = { logId: 3, appliedIndex: 1, appliedTerm: 1, logTimeMs: 1 };

function session(id: string, state: string | null): SessionChange {
  return { id: bytes(id), state: state === null ? null : bytes(state) };
}

async function storeAfter(...checkpoints: (readonly SessionChange[])[]): Promise<MemoryRecordStore> {
  const records = new MemoryRecordStore();
  const store = MvccStore.open(records);
  for (const changes of checkpoints) await store.checkpoint(POSITION, changes);
  return records;
}

/** The same store with other sessions, or without its meta item. */
function butWith(
  records: RecordStore,
  changes: Partial<Pick<RecordStore, "sessions" | "meta">>,
): RecordStore {
  return {
    path: records.path,
    meta: () => records.meta(),
    record: (revision) => records.record(revision),
    scan: (lastRevision, visit) => records.scan(lastRevision, visit),
    sessions: () => records.sessions(),
    commit: (writes) => records.commit(writes),
    close: () => records.close(),
    ...changes,
  };
}

function requireDamaged(records: RecordStore): void {
  assert.throws(
    () => MvccStore.open(records),
    (error: unknown) =>
      error instanceof StoreDamagedError &&
      error.problem === "the sessions are not those that the checkpoint noted",
  );
}

test("sessions that were made, changed and removed over many checkpoints are all there", async () => {
  const records = await storeAfter(
    [session("a", "1"), session("b", "1"), session("c", "1")],
    [session("a", "2"), session("b", null)],
    [],
    [session("b", "3"), session("c", null), session("d", null)],
  );
  const store = MvccStore.open(records);
  assert.is(store.recoveredSessions.length, 2);
  await store.checkpoint(POSITION, [session("a", null), session("e", "1")]);
  assert.is(MvccStore.open(records).recoveredSessions.length, 2);
});

test("a session that is missing, one too many, and all of them missing are found", async () => {
  const records = await storeAfter([session("a", "1"), session("b", "1")]);
  const sessions = [...records.sessions()];
  requireDamaged(butWith(records, { sessions: () => new Map(sessions.slice(1)) }));
  requireDamaged(butWith(records, { sessions: () => new Map() }));
  const more = await storeAfter([session("a", "1"), session("b", "1"), session("c", "1")]);
  requireDamaged(butWith(records, { sessions: () => more.sessions() }));
});

test("a session as it was before is found", async () => {
  const before = await storeAfter([session("a", "1")]);
  const after = await storeAfter([session("a", "1")], [session("a", "2")]);
  requireDamaged(butWith(after, { sessions: () => before.sessions() }));
});

test("sessions without the mark of a checkpoint are found: the store is not taken for a new one", async () => {
  const records = await storeAfter([session("a", "1")]);
  requireDamaged(butWith(records, { meta: () => undefined }));
});

test.run();
