import { test } from "uvu";
import * as assert from "uvu/assert";
import { StoreRecordKind, storeMetaCodec, storeRecordCodec } from "../../../src/kv/gen/store.ts";
import { CheckpointError, StoreDamagedError } from "../../../src/kv/store/errors.ts";
import { MemoryRecordStore } from "../../../src/kv/store/memory-record-store.ts";
import { MvccStore, type SessionChange } from "../../../src/kv/store/mvcc-store.ts";
import { seal, unseal } from "../../../src/kv/store/record-codec.ts";
import { failureOfClass } from "../../support/failure.ts";
import { bytes, readable, text } from "./store-model.ts";

function position(appliedIndex: number) {
  return { logId: 3, appliedIndex, appliedTerm: 2, logTimeMs: appliedIndex * 10 };
}

function session(id: string, state: string | null): SessionChange {
  return { id: bytes(id), state: state === null ? null : bytes(state) };
}

function sessionsOf(store: MvccStore): string[] {
  return store.recoveredSessions.map(({ id, state }) => `${text(id)}=${text(state)}`).sort();
}

function put(store: MvccStore, key: string, value: string): void {
  store.put(bytes(key), bytes(value));
}

/** A disk whose checkpoints end when the test says so. */
function slowDisk(): { records: MemoryRecordStore; finish: () => Promise<void> } {
  const pending: (() => void)[] = [];
  const records = new MemoryRecordStore((callback) => pending.push(callback));
  const finish = async (): Promise<void> => {
    for (const callback of pending.splice(0)) callback();
    for (let i = 0; i < 5; i++) await null;
  };
  return { records, finish };
}

test("a new store has applied nothing", () => {
  const store = MvccStore.open(new MemoryRecordStore());
  assert.equal(store.recovered, { logId: 0, appliedIndex: 0, appliedTerm: 0, logTimeMs: 0 });
  assert.equal(store.recoveredSessions, []);
});

test("checklist 5: records, sessions and the position in the log come back together, as of one checkpoint", async () => {
  const { records, finish } = slowDisk();
  const store = MvccStore.open(records);
  put(store, "a", "1");
  const first = store.checkpoint(position(1), [session("s", "one"), session("t", "one")]);
  await finish();
  await first;
  put(store, "a", "2");
  void store.checkpoint(position(2), [session("s", "two"), session("t", null)]);
  records.crash();

  const before = MvccStore.open(records);
  assert.is(before.revision, 1);
  assert.is(readable(before.get(bytes("a")))?.value, "1");
  assert.equal(before.recovered, position(1));
  assert.equal(sessionsOf(before), ["s=one", "t=one"]);

  put(before, "a", "2");
  const again = before.checkpoint(position(2), [session("s", "two"), session("t", null)]);
  await finish();
  await again;
  const after = MvccStore.open(records);
  assert.is(readable(after.get(bytes("a")))?.value, "2");
  assert.equal(after.recovered, position(2));
  assert.equal(sessionsOf(after), ["s=two"]);
  assert.is(after.hash, before.hash);
});

test("writes go on while a checkpoint is under way, and wait for the next one", async () => {
  const { records, finish } = slowDisk();
  const store = MvccStore.open(records);
  put(store, "a", "1");
  const first = store.checkpoint(position(1), []);
  put(store, "a", "2");
  assert.is(readable(store.get(bytes("a"), 1))?.value, "1");
  await finish();
  await first;
  assert.is(readable(store.get(bytes("a"), 1))?.value, "1", "from the record store");
  assert.is(readable(store.get(bytes("a")))?.value, "2", "from memory");
  assert.is(MvccStore.open(records).revision, 1);
});

test("one checkpoint at a time", async () => {
  const { records, finish } = slowDisk();
  const store = MvccStore.open(records);
  const first = store.checkpoint(position(1), []);
  assert.instance(await failureOfClass(RangeError, store.checkpoint(position(2), [])), RangeError);
  await finish();
  await first;
});

test("a checkpoint that fails for lack of room loses nothing, and the next one brings all of it", async () => {
  const records = new MemoryRecordStore();
  const store = MvccStore.open(records);
  put(store, "a", "1");
  records.failNextCommit(new CheckpointError("ENOSPC", "full"));
  const changes = [session("s", "one"), session("t", "one")];
  const error = await failureOfClass(CheckpointError, store.checkpoint(position(1), changes));
  assert.is(error.code, "ENOSPC");
  assert.ok(store.uncheckpointedBytes > 0);
  put(store, "b", "2");
  await store.checkpoint(position(2), [session("t", "two")]);
  assert.is(store.uncheckpointedBytes, 0);
  const again = MvccStore.open(records);
  assert.is(again.revision, 2);
  assert.equal(sessionsOf(again), ["s=one", "t=two"]);
});

test("a session is written with the next checkpoint only, not with all that follow", async () => {
  const records = new MemoryRecordStore();
  const written: string[][] = [];
  const commit = records.commit.bind(records);
  records.commit = (writes) => {
    written.push([...writes.sessions.keys()]);
    return commit(writes);
  };
  const store = MvccStore.open(records);
  await store.checkpoint(position(1), [session("s", "one")]);
  await store.checkpoint(position(2), [session("t", "one")]);
  assert.equal(written, [["s"], ["t"]]);
});

test("uncheckpointedBytes grows with what is written, and falls with each checkpoint", async () => {
  const store = MvccStore.open(new MemoryRecordStore());
  assert.is(store.uncheckpointedBytes, 0);
  for (let count = 0; count < 100; count++) put(store, `${count}`, "x".repeat(1000));
  assert.ok(store.uncheckpointedBytes > 100_000 && store.uncheckpointedBytes < 110_000);
  await store.checkpoint(position(1), []);
  assert.is(store.uncheckpointedBytes, 0);
});

test("a checkpoint without changes moves the position", async () => {
  const records = new MemoryRecordStore();
  await MvccStore.open(records).checkpoint(position(7), []);
  assert.equal(MvccStore.open(records).recovered, position(7));
});

async function storeWithThreeRecords(): Promise<{ records: MemoryRecordStore; store: MvccStore }> {
  const records = new MemoryRecordStore();
  const store = MvccStore.open(records);
  for (const key of ["a", "b", "c"]) put(store, key, "1");
  await store.checkpoint(position(1), [session("s", "one")]);
  return { records, store };
}

function damage(open: () => unknown): StoreDamagedError {
  try {
    open();
  } catch (error) {
    if (error instanceof StoreDamagedError) return error;
    throw error;
  }
  throw new Error("no damage was found");
}

test("a flipped bit anywhere in a record is found when it is read, and when the store is opened", async () => {
  const { records, store } = await storeWithThreeRecords();
  const whole = records.record(2)!;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Uint8Array.from(whole);
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    records.overwriteRecord(2, flipped);
    assert.is(damage(() => store.get(bytes("b"))).revision, 2);
    assert.is(
      damage(() => store.range({ start: bytes("a"), end: bytes(""), limit: 9, limitBytes: 9, revision: 0 }))
        .revision,
      2,
    );
    assert.is(damage(() => MvccStore.open(records)).revision, 2);
  }
  assert.is(readable(store.get(bytes("a")))?.value, "1");
});

test("a record that is missing, cut short or in the place of another is found", async () => {
  const { records, store } = await storeWithThreeRecords();
  const [first, second] = [records.record(1)!, records.record(2)!];
  for (const bad of [
    undefined,
    new Uint8Array(0),
    second.subarray(0, 3),
    second.subarray(0, second.length - 4),
    first,
  ]) {
    records.overwriteRecord(2, bad);
    assert.is(damage(() => store.get(bytes("b"))).revision, 2);
    assert.is(damage(() => MvccStore.open(records)).revision, 2);
  }
  records.overwriteRecord(2, second);
  records.overwriteRecord(3, undefined);
  assert.is(damage(() => MvccStore.open(records)).revision, 3);
});

test("a record that is whole but not the one that was written is found by the hash of all", async () => {
  const { records } = await storeWithThreeRecords();
  const forged = {
    kind: StoreRecordKind.STORE_PUT,
    revision: 2,
    createRevision: 2,
    keyVersion: 1,
    key: bytes("b"),
    value: bytes("2"),
  };
  records.overwriteRecord(2, seal(storeRecordCodec, forged));
  const error = damage(() => MvccStore.open(records));
  assert.match(error.message, /do not have the hash/);
  assert.match(error.message, /restore the data directory/);
});

test("damage in the meta item or a session is found, and so is a format of the future", async () => {
  const { records, store } = await storeWithThreeRecords();
  const meta = records.meta()!;
  const flipped = Uint8Array.from(meta);
  flipped[20] = flipped[20]! ^ 1;
  await commitMeta(records, flipped);
  assert.match(damage(() => MvccStore.open(records)).message, /an item is damaged/);
  await commitMeta(records, seal(storeMetaCodec, { ...unseal(storeMetaCodec, meta), format: 3 }));
  assert.match(damage(() => MvccStore.open(records)).message, /format 3; this version knows only 2/);
  await commitMeta(records, meta);
  const [state] = records.sessions().values();
  const sound = Uint8Array.from(state!);
  state![state!.length - 1] = 7;
  assert.match(damage(() => MvccStore.open(records)).message, /an item is damaged/);
  const swapped = { ...NOTHING, sessions: new Map([["t", sound]]) };
  await records.commit({ ...swapped, meta, recordAt: () => meta });
  state!.set(sound);
  assert.match(damage(() => MvccStore.open(records)).message, /under the id of another/);
  assert.is(store.revision, 3);
});

const NOTHING = {
  firstRevision: 1,
  lastRevision: 0,
  recordBytes: 0,
  sessions: new Map<string, Uint8Array>(),
};

function commitMeta(records: MemoryRecordStore, meta: Uint8Array): Promise<void> {
  return records.commit({ ...NOTHING, meta, recordAt: () => meta });
}

test.run();
