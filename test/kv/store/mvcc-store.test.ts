import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MemoryRecordStore } from "../../../src/kv/store/memory-record-store.ts";
import { MvccStore } from "../../../src/kv/store/mvcc-store.ts";
import { bytes, contentOf, type ModelPair, range, readable, StoreModel, text } from "./store-model.ts";

const POSITION = { logId: 3, appliedIndex: 1, appliedTerm: 1, logTimeMs: 1 };

function newStore(): MvccStore {
  return MvccStore.open(new MemoryRecordStore());
}

function put(store: MvccStore, key: string, value: string): number {
  return store.put(bytes(key), bytes(value)).revision;
}

function keysIn(store: MvccStore, ...query: Parameters<typeof range>): string[] {
  return store.range(range(...query)).pairs.map((pair) => text(pair.key));
}

test("each write gives the store the next revision; a pair remembers those that made and last changed it", () => {
  const store = newStore();
  assert.is(store.revision, 0);
  assert.equal(store.put(bytes("a"), bytes("1")), { revision: 1, keyVersion: 1 });
  assert.equal(store.put(bytes("b"), bytes("2")), { revision: 2, keyVersion: 1 });
  assert.equal(store.put(bytes("a"), bytes("3")), { revision: 3, keyVersion: 2 });
  const pair = { key: "a", value: "3", createRevision: 1, modRevision: 3, keyVersion: 2 };
  assert.equal(readable(store.get(bytes("a"))), pair);
  assert.is(store.locate(bytes("a")).modRevision, 3);
  assert.is(store.revision, 3);
  assert.is(store.keyCount, 2);
});

test("a key that was removed is gone, and begins at version 1 when it comes back", () => {
  const store = newStore();
  put(store, "a", "1");
  put(store, "a", "2");
  assert.is(store.delete(bytes("a")), 3);
  assert.is(store.get(bytes("a")), undefined);
  assert.is(store.locate(bytes("a")).modRevision, 0);
  assert.is(store.keyCount, 0);
  assert.equal(store.put(bytes("a"), bytes("4")), { revision: 4, keyVersion: 1 });
  assert.is(store.get(bytes("a"))?.createRevision, 4);
  assert.is(store.keyCount, 1);
});

test("removing what is not there makes no revision", () => {
  const store = newStore();
  assert.is(store.delete(bytes("a")), 0);
  put(store, "a", "1");
  store.delete(bytes("a"));
  assert.is(store.delete(bytes("a")), 0);
  assert.is(store.revision, 2);
});

test("the store can be read as it was at any revision", () => {
  const store = newStore();
  put(store, "a", "1");
  put(store, "a", "2");
  store.delete(bytes("a"));
  put(store, "a", "4");
  const values = [1, 2, 3, 4].map((revision) => readable(store.get(bytes("a"), revision))?.value);
  assert.equal(values, ["1", "2", undefined, "4"]);
  assert.equal(keysIn(store, "", "", 3), []);
  assert.is(store.get(bytes("b"), 2), undefined);
});

test("keys are in the order of their bytes, also beyond 127, and with zeros", () => {
  const store = newStore();
  const keys = ["\xff", "\x00", "b", "\x80", "a\x00", "a", "\x00\x00", "\xff\xff", "B"];
  for (const key of keys) put(store, key, "");
  const sorted = [...keys].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
  assert.equal(keysIn(store, "", ""), sorted);
  assert.equal(keysIn(store, "a", "b"), ["a", "a\x00"]);
  assert.equal(keysIn(store, "\x80", ""), ["\x80", "\xff", "\xff\xff"]);
  assert.equal(keysIn(store, "", "B"), ["\x00", "\x00\x00"]);
  assert.equal(keysIn(store, "b", "a"), []);
  assert.equal(keysIn(store, "\xff\xff\xff", ""), []);
});

test("an answer stops at the limit of pairs, and says whether there is more", () => {
  const store = newStore();
  for (const key of ["a", "b", "c", "d"]) put(store, key, key);
  store.delete(bytes("b"));
  const query = (limit: number): [string[], boolean] => {
    const { pairs, more } = store.range(range("", "", 0, limit));
    return [pairs.map((pair) => text(pair.key)), more];
  };
  assert.equal(query(2), [["a", "c"], true]);
  assert.equal(query(3), [["a", "c", "d"], false]);
  assert.equal(query(0), [[], true]);
});

test("an answer stops at the limit of bytes, but has at least one pair", () => {
  const store = newStore();
  for (const key of ["a", "b", "c"]) put(store, key, "123456789");
  const query = (limitBytes: number): [number, boolean] => {
    const { pairs, more } = store.range(range("", "", 0, 100, limitBytes));
    return [pairs.length, more];
  };
  assert.equal(query(1), [1, true]);
  assert.equal(query(19), [1, true]);
  assert.equal(query(20), [2, true]);
  assert.equal(query(30), [3, false]);
});

test("what is read stays as it was, whatever is written after", () => {
  const store = newStore();
  put(store, "a", "old");
  const pair = store.get(bytes("a"))!;
  for (let count = 0; count < 20_000; count++) put(store, `k${count}`, "x".repeat(200));
  put(store, "a", "new");
  assert.is(text(pair.value), "old");
});

test("key and value are copied: the caller may use the memory again", () => {
  const store = newStore();
  const key = Buffer.from("key");
  const value = Buffer.from("value");
  store.put(key, value);
  key.fill(0);
  value.fill(0);
  assert.is(readable(store.get(bytes("key")))?.value, "value");
});

test("keys and values have the limits of idl/kv.x; one that exceeds them changes nothing", () => {
  const store = newStore();
  put(store, "k".repeat(4096), "v".repeat(1_048_576));
  const before = store.hash;
  assert.throws(() => put(store, "k".repeat(4097), ""), /store_record.key/);
  assert.throws(() => put(store, "k", "v".repeat(1_048_577)), /store_record.value/);
  assert.is(store.revision, 1);
  assert.is(store.hash, before);
  assert.is(store.keyCount, 1);
  assert.is(readable(store.get(bytes("k".repeat(4096))))?.value.length, 1_048_576);
  put(store, "k", "v");
  assert.throws(() => put(store, "k".repeat(4097), ""), /store_record.key/);
  assert.equal(readable(store.get(bytes("k")))?.modRevision, 2);
});

test("a key with a hundred thousand revisions is read at each of them", () => {
  const store = newStore();
  for (let revision = 1; revision <= 100_000; revision++) put(store, "hot", String(revision));
  for (const revision of [1, 2, 3, 4, 5, 63, 64, 65, 777, 65_536, 99_999, 100_000]) {
    assert.is(readable(store.get(bytes("hot"), revision))?.value, String(revision));
  }
});

test("the hash is equal for equal histories and tells others apart, down to a bit and to the order", () => {
  const hashOf = (...changes: readonly (readonly [string, string | null])[]): number => {
    const store = newStore();
    for (const [key, value] of changes) {
      if (value === null) store.delete(bytes(key));
      else put(store, key, value);
    }
    assert.ok(Number.isSafeInteger(store.hash) && store.hash >= 0);
    return store.hash;
  };
  const hashes = [
    hashOf(),
    hashOf(["a", "1"]),
    hashOf(["a", "0"]),
    hashOf(["a1", ""]),
    hashOf(["a", "1"], ["b", "2"]),
    hashOf(["b", "2"], ["a", "1"]),
    hashOf(["a", "1"], ["a", null]),
    hashOf(["a", "1"], ["a", null], ["a", "1"]),
  ];
  assert.is(new Set(hashes).size, hashes.length);
  assert.is(hashOf(["a", "1"], ["b", "2"]), hashOf(["a", "1"], ["b", "2"]));
});

const key = fc.constantFrom("a", "a\x00", "ab", "b", "c", "\x80", "\xff");
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant("put" as const), key, value: fc.string({ maxLength: 8 }) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant("delete" as const), key }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("checkpoint" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("reopen" as const) }) },
);
const bound = fc.oneof(fc.constant(""), key);
const question = fc.record({
  start: bound,
  end: bound,
  limit: fc.nat(4),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

test("property: with checkpoints and restarts in between, every read is that of a list of all changes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.array(question, { maxLength: 10 }),
      async (steps, questions) => {
        const records = new MemoryRecordStore();
        let store = MvccStore.open(records);
        let model = new StoreModel();
        let saved = 0;
        for (const one of steps) {
          if (one.what === "put") {
            model.put(one.key, one.value);
            assert.is(store.put(bytes(one.key), bytes(one.value)).revision, model.revision);
          } else if (one.what === "delete") {
            assert.is(store.delete(bytes(one.key)), model.delete(one.key) ? model.revision : 0);
          } else if (one.what === "checkpoint") {
            saved = model.revision;
            await store.checkpoint(POSITION, []);
          } else {
            records.crash();
            store = MvccStore.open(records);
            model = new StoreModel(model.changes.slice(0, saved));
          }
        }
        compare(store, model, questions);
      },
    ),
    { numRuns: 300 },
  );
});

function compare(
  store: MvccStore,
  model: StoreModel,
  questions: readonly { start: string; end: string; limit: number; part: number }[],
): void {
  assert.is(store.revision, model.revision);
  assert.is(store.keyCount, model.at(0).length);
  const revisions = Array.from({ length: model.revision + 1 }, (_, revision) => revision);
  assert.equal(
    contentOf(store, revisions),
    revisions.map((revision) => model.at(revision)),
  );
  for (const { start, end, limit, part } of questions) {
    const revision = Math.round(part * model.revision);
    const inRange = model.at(revision).filter((pair) => pair.key >= start && (end === "" || pair.key < end));
    const { pairs, more } = store.range(range(start, end, revision, limit));
    assert.equal(pairs.map(readable) as ModelPair[], inRange.slice(0, limit));
    assert.is(more, inRange.length > limit);
    for (const pair of inRange) assert.equal(readable(store.get(bytes(pair.key), revision)), pair);
  }
}

test.run();
