import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CheckpointError, StoreDamagedError } from "../../../src/kv/store/errors.ts";
import { LmdbRecordStore } from "../../../src/kv/store/lmdb-record-store.ts";
import { MvccStore } from "../../../src/kv/store/mvcc-store.ts";
import { failureOfClass } from "../../support/failure.ts";
import { bytes, contentOf, readable, text } from "./store-model.ts";

const POSITION = { logId: 3, appliedIndex: 5, appliedTerm: 2, logTimeMs: 77 };

/** Runs `use` with the path of a store in a directory of its own, which is removed. */
async function withPath(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sundial-store-"));
  try {
    await use(join(directory, "store.mdb"));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Opens the store at `path`, and closes it whatever happens. */
async function withStore(
  path: string,
  use: (store: MvccStore, records: LmdbRecordStore) => Promise<void>,
): Promise<void> {
  const records = await LmdbRecordStore.open(path);
  try {
    await use(MvccStore.open(records), records);
  } finally {
    await records.close();
  }
}

function fill(store: MvccStore, count: number): void {
  for (let at = 0; at < count; at++)
    store.put(bytes(`key ${at % 700}`), bytes(`value ${at} ${"x".repeat(at % 50)}`));
}

test("what a checkpoint wrote is there after it was opened again, at all revisions", () =>
  withPath(async (path) => {
    let expected: unknown;
    let hash = 0;
    const revisions = [1, 500, 2500, 3000];
    await withStore(path, async (store) => {
      fill(store, 3000);
      expected = contentOf(store, revisions);
      hash = store.hash;
      await store.checkpoint(POSITION, [{ id: bytes("\x00\xff"), state: bytes("state") }]);
      assert.equal(contentOf(store, revisions), expected, "read from LMDB by the store that wrote it");
    });
    await withStore(path, async (store) => {
      assert.equal(store.recovered, POSITION);
      assert.equal(
        store.recoveredSessions.map(({ id, state }) => [text(id), text(state)]),
        [["\x00\xff", "state"]],
      );
      assert.is(store.hash, hash);
      assert.equal(contentOf(store, revisions), expected);
    });
  }));

test("checkpoint after checkpoint, with removals and large values, the store stays the same", () =>
  withPath(async (path) => {
    const large = "y".repeat(1_000_000);
    await withStore(path, async (store) => {
      for (let round = 0; round < 5; round++) {
        store.put(bytes("large"), bytes(large));
        fill(store, 300);
        store.delete(bytes("key 7"));
        await store.checkpoint(POSITION, []);
      }
    });
    await withStore(path, async (store) => {
      assert.is(store.revision, 5 * 302);
      assert.is(readable(store.get(bytes("large")))?.value, large);
      assert.is(store.get(bytes("key 7")), undefined);
      assert.is(readable(store.get(bytes("key 8")))?.keyVersion, 5);
    });
  }));

test("a value that was read stays as it was when others are read", () =>
  withPath(async (path) => {
    await withStore(path, async (store) => {
      fill(store, 500);
      await store.checkpoint(POSITION, []);
      const pairs = Array.from({ length: 500 }, (_, at) => store.get(bytes(`key ${at}`))!);
      for (const [at, pair] of pairs.entries()) assert.match(text(pair.value), new RegExp(`^value ${at} `));
    });
  }));

test("thousands of sessions change, and go, with one checkpoint", () =>
  withPath(async (path) => {
    const changes = (state: (at: number) => string | null) =>
      Array.from({ length: 2500 }, (_, at) => {
        const value = state(at);
        return { id: bytes(`session ${at}`), state: value === null ? null : bytes(value) };
      });
    await withStore(path, async (store) => {
      await store.checkpoint(
        POSITION,
        changes((at) => `first ${at}`),
      );
      await store.checkpoint(
        POSITION,
        changes((at) => (at % 2 === 0 ? null : `second ${at}`)),
      );
    });
    await withStore(path, async (store) => {
      assert.is(store.recoveredSessions.length, 1250);
      for (const { id, state } of store.recoveredSessions) {
        assert.is(text(state), `second ${text(id).slice("session ".length)}`);
      }
    });
  }));

test("sessions of a checkpoint that could not be moved at once are not lost by the next one", () =>
  withPath(async (path) => {
    await withStore(path, async (store, records) => {
      Object.assign(records, { applyStagedSessions: () => Promise.reject(new Error("no room")) });
      await store.checkpoint(POSITION, [{ id: bytes("s"), state: bytes("one") }]);
      Reflect.deleteProperty(records, "applyStagedSessions");
      await store.checkpoint(POSITION, [{ id: bytes("t"), state: bytes("one") }]);
    });
    await withStore(path, async (store) => {
      assert.equal(
        store.recoveredSessions.map(({ id }) => text(id)),
        ["s", "t"],
      );
    });
  }));

test("a checkpoint is not begun when the disk has no room for it; it works when there is", () =>
  withPath(async (path) => {
    let free = 1000;
    const records = await LmdbRecordStore.open(path, async () => free);
    try {
      const store = MvccStore.open(records);
      fill(store, 100);
      const error = await failureOfClass(CheckpointError, store.checkpoint(POSITION, []));
      assert.is(error.code, "ENOSPC");
      assert.match(error.message, /a checkpoint needs \d+ bytes, the disk has 1000/);
      assert.is(store.uncheckpointedBytes > 0, true);
      free = 1e9;
      await store.checkpoint(POSITION, []);
      assert.is(store.uncheckpointedBytes, 0);
    } finally {
      await records.close();
    }
    await withStore(path, async (store) => assert.is(store.revision, 100));
  }));

/** Flips one bit of the file at the last place where `pattern` lies. */
async function damageFile(path: string, pattern: string): Promise<void> {
  const at = (await readFile(path)).lastIndexOf(pattern);
  assert.ok(at > 0);
  const file = await open(path, "r+");
  try {
    await file.write(Buffer.from([pattern.charCodeAt(0) ^ 1]), 0, 1, at);
  } finally {
    await file.close();
  }
}

test("a bit that flips in the file is found by the next read, and by opening the store", () =>
  withPath(async (path) => {
    await withStore(path, async (store) => {
      for (let at = 0; at < 50; at++) store.put(bytes(`key ${at}`), bytes(`unmistakable ${at}.`));
      await store.checkpoint(POSITION, []);
      await damageFile(path, "unmistakable 17.");
      assert.throws(
        () => store.get(bytes("key 17")),
        (error: unknown) => {
          return error instanceof StoreDamagedError && error.revision === 18 && error.file === path;
        },
      );
      assert.is(readable(store.get(bytes("key 18")))?.value, "unmistakable 18.");
    });
    const records = await LmdbRecordStore.open(path);
    try {
      assert.throws(
        () => MvccStore.open(records),
        (error: unknown) => error instanceof StoreDamagedError,
      );
    } finally {
      await records.close();
    }
  }));

test("a file that is not one of LMDB is damage", () =>
  withPath(async (path) => {
    await writeFile(path, Buffer.alloc(20_000, 7));
    await failureOfClass(StoreDamagedError, LmdbRecordStore.open(path));
  }));

test("the keys of the records are their revisions as XDR, up to 2^53 − 1", () =>
  withPath(async (path) => {
    const records = await LmdbRecordStore.open(path);
    try {
      const revisions = [1, 255, 256, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 12_345, 2 ** 53 - 1];
      const nothing = { recordBytes: 0, sessions: new Map(), meta: bytes("m") };
      for (const revision of [...revisions].reverse()) {
        const recordAt = (): Uint8Array => bytes(String(revision));
        await records.commit({ ...nothing, firstRevision: revision, lastRevision: revision, recordAt });
      }
      const seen: number[] = [];
      records.scan(2 ** 53 - 2, (revision, record) => {
        assert.is(text(record), String(revision));
        seen.push(revision);
      });
      assert.equal(seen, revisions.slice(0, -1));
      assert.is(text(records.record(2 ** 53 - 1)!), String(2 ** 53 - 1));
    } finally {
      await records.close();
    }
  }));

test.run();
