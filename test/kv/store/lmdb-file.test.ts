/** DESIGN §6: damage is told, also where LMDB itself would end the process without a word. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { StoreDamagedError } from "../../../src/kv/store/errors.ts";
import { requireLmdbFile } from "../../../src/kv/store/lmdb-file.ts";
import { LmdbRecordStore } from "../../../src/kv/store/lmdb-record-store.ts";
import { MvccStore } from "../../../src/kv/store/mvcc-store.ts";
import { failureOf } from "../../support/failure.ts";

const PAGE_BYTES = 4096;
/** Where a number of a meta page lies in its page. */
const AT = { flags: 18, magic: 24, format: 28, pageBytes: 48, rootOfMain: 136, lastPage: 144 };

/** Runs `use` with a store of three checkpoints; `problem` is what is wrong with its file when it holds `bytes`. */
async function withStoreFile(
  use: (file: Buffer, problem: (bytes: Buffer) => Promise<string>) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sundial-"));
  const path = join(directory, "store.mdb");
  try {
    const records = await LmdbRecordStore.open(path);
    const store = MvccStore.open(records);
    for (let round = 1; round <= 3; round++) {
      for (let key = 0; key < 200; key++) store.put(Buffer.from(`key ${key}`), Buffer.alloc(200, round));
      await store.checkpoint({ logId: 3, appliedIndex: round, appliedTerm: 1, logTimeMs: round }, []);
    }
    await records.close();
    await use(readFileSync(path), async (bytes) => {
      writeFileSync(path, bytes);
      const error = await failureOf(requireLmdbFile(path));
      assert.instance(error, StoreDamagedError);
      assert.ok((error as StoreDamagedError).message.startsWith(`${path}: `));
      return (error as StoreDamagedError).problem;
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A copy in which the number at `at` has one bit changed. */
function withFlip(file: Buffer, at: number, bit: number): Buffer {
  const copy = Buffer.from(file);
  copy[at + (bit >> 3)]! ^= 1 << (bit & 7);
  return copy;
}

test("each number of both meta pages that could lead LMDB astray is checked", () =>
  withStoreFile(async (file, problem) => {
    for (const [which, page] of [0, PAGE_BYTES].entries()) {
      const name = `the meta page at byte ${page}`;
      assert.is(await problem(withFlip(file, page + AT.flags, 3)), `${name} is not one of LMDB`);
      assert.is(await problem(withFlip(file, page + AT.magic, 9)), `${name} is not one of LMDB`);
      assert.is(await problem(withFlip(file, page + AT.format, 0)), `${name} has format 3 instead of 2`);
      assert.is(await problem(withFlip(file, page + AT.pageBytes, 1)), `${name} has pages of 4098 bytes`);
      assert.match(await problem(withFlip(file, page + AT.rootOfMain, 40)), `${name} leads to page`);
      assert.match(await problem(withFlip(file, page + AT.lastPage, 30)), `${name} speaks of`);
      const half = await problem(withFlip(withFlip(file, page + AT.pageBytes, 12), page + AT.pageBytes, 11));
      assert.is(
        half,
        which === 0 ? "the meta page at byte 2048 is not one of LMDB" : `${name} contradicts the first one`,
      );
    }
  }));

test("a root that is another page of the file is found, in the meta page that counts", () =>
  withStoreFile(async (file, problem) => {
    const transactions = [0, 1].map((page) => file.readBigUInt64LE(page * PAGE_BYTES + 152));
    const current = transactions[0]! > transactions[1]! ? 0 : PAGE_BYTES;
    const root = Number(file.readBigUInt64LE(current + AT.rootOfMain));
    const entries = (page: number): number => file.readUInt16LE(page * PAGE_BYTES + 20);
    const others = Array.from({ length: file.length / PAGE_BYTES - 2 }, (_, at) => at + 2);
    for (const other of others.filter((page) => page !== root && entries(page) !== entries(root))) {
      const copy = Buffer.from(file);
      copy.writeBigUInt64LE(BigInt(other), current + AT.rootOfMain);
      assert.match(
        await problem(copy),
        /^page \d+ is |^a page is wanted|^the tree of databases has \d+ entries instead of 4$|^a database/,
      );
    }
  }));

test("a file that is cut off anywhere before its last page is damaged", () =>
  withStoreFile(async (file, problem) => {
    for (let pages = 1; pages < file.length / PAGE_BYTES - 1; pages++)
      assert.match(
        await problem(file.subarray(0, pages * PAGE_BYTES)),
        /^the meta page|^a page is wanted that is not among the \d+/,
      );
    assert.match(await problem(file.subarray(0, 20)), "is not one of LMDB");
  }));

test("each bit that says what a page is and where its nodes are leads to damage or to nothing, never astray", () =>
  withStoreFile(async (file, problem) => {
    let found = 0;
    for (let page = 2; page < file.length / PAGE_BYTES; page++) {
      for (const byte of [0, 15, 18, 20, 22, 23, 24]) {
        const copy = withFlip(file, page * PAGE_BYTES + byte, 7);
        if (await isSound(copy)) continue;
        assert.match(await problem(copy), /^page \d+ |^a page is wanted|^the tree of |^a database of page /);
        found += 1;
      }
    }
    assert.ok(found > 100, `${found} found`);
  }));

test("a page that is all zeros, or nonsense, is damage wherever it is in use", () =>
  withStoreFile(async (file, problem) => {
    let found = 0;
    for (let page = 2; page < file.length / PAGE_BYTES; page++) {
      for (const filling of [0, 0xa5]) {
        const copy = Buffer.from(file).fill(filling, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
        if (await isSound(copy)) continue;
        assert.is(await problem(copy), `page ${page} is another one`);
        found += 1;
      }
    }
    assert.ok(found > 20, `${found} found`);
  }));

/** Whether a file of these bytes passes: pages that nothing leads to may hold anything. */
async function isSound(bytes: Buffer): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), "sundial-"));
  try {
    writeFileSync(join(directory, "store.mdb"), bytes);
    await requireLmdbFile(join(directory, "store.mdb"));
    return true;
  } catch (error) {
    assert.instance(error, StoreDamagedError);
    return false;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a good file, an empty one and none at all pass", () =>
  withStoreFile(async (file) => {
    const directory = mkdtempSync(join(tmpdir(), "sundial-"));
    const path = join(directory, "store.mdb");
    await requireLmdbFile(path);
    writeFileSync(path, "");
    await requireLmdbFile(path);
    writeFileSync(path, file);
    await requireLmdbFile(path);
    rmSync(directory, { recursive: true });
  }));

test.run();
