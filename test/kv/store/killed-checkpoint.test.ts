// test-limit-ms: 300000
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LmdbRecordStore } from "../../../src/kv/store/lmdb-record-store.ts";
import { MemoryRecordStore } from "../../../src/kv/store/memory-record-store.ts";
import { MvccStore } from "../../../src/kv/store/mvcc-store.ts";
import { FIRST_RECORDS, fill, position, SECOND_RECORDS, SESSIONS, sessions } from "./killed-writer.ts";
import { contentOf, text } from "./store-model.ts";

const WRITER = fileURLToPath(new URL("killed-writer.ts", import.meta.url));

/** A store that never saw a disk, with the records of so many checkpoints. */
function expectedStore(checkpoints: number): MvccStore {
  const store = MvccStore.open(new MemoryRecordStore());
  fill(store, FIRST_RECORDS);
  if (checkpoints === 2) fill(store, SECOND_RECORDS);
  return store;
}

function check(store: MvccStore, checkpoint: number): void {
  const expected = expectedStore(checkpoint);
  assert.equal(store.recovered, position(checkpoint));
  assert.is(store.revision, expected.revision);
  assert.is(store.hash, expected.hash);
  assert.equal(contentOf(store, [0, 1000]), contentOf(expected, [0, 1000]));
  assert.is(store.recoveredSessions.length, SESSIONS);
  for (const { state } of store.recoveredSessions) assert.is(text(state), `checkpoint ${checkpoint}`);
}

async function open(path: string, use: (store: MvccStore) => void | Promise<void>): Promise<void> {
  const records = await LmdbRecordStore.open(path);
  try {
    await use(MvccStore.open(records));
  } finally {
    await records.close();
  }
}

/** Lets a process be killed at `point`, opens what it left, and goes on with it. */
async function killAt(point: string, checkpoint: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sundial-killed-"));
  const path = join(directory, "store.mdb");
  try {
    const child = spawn(process.execPath, ["--import", "tsx", WRITER, path, point], { stdio: "inherit" });
    const [code, signal] = await once(child, "exit");
    assert.equal([code, signal], point === "none" ? [0, null] : [null, "SIGKILL"]);
    await open(path, async (store) => {
      check(store, checkpoint);
      if (checkpoint === 2) return;
      // What the killed one left must not come in with this one.
      await store.checkpoint(position(1), []);
      await store.checkpoint(position(1), sessions(1).slice(-1));
    });
    await open(path, async (store) => {
      check(store, checkpoint);
      if (checkpoint === 2) return;
      fill(store, SECOND_RECORDS);
      await store.checkpoint(position(2), sessions(2));
    });
    await open(path, (store) => check(store, 2));
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a process that was not killed leaves both checkpoints", () => killAt("none", 2));

test("killed with the first record of a checkpoint in its hands, it leaves the one before", () =>
  killAt(`record:${FIRST_RECORDS + 1}`, 1));

test("killed when half of the records are in the file, it leaves the checkpoint before", () =>
  killAt(`record:${FIRST_RECORDS + 3500}`, 1));

test("killed when all records and half of the sessions are in the file, it leaves the checkpoint before", () =>
  killAt("session:1500", 1));

test("killed after the transaction that counts, it leaves the new checkpoint, sessions included", () =>
  killAt("apply", 2));

test.run();
