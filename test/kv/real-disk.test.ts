import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Log } from "../../src/kv/log/log.ts";
import { RealDisk } from "../../src/kv/real-disk.ts";
import { failureOf } from "../support/failure.ts";
import { contentOf, Driver, describe, entries, hardState } from "./log/log-harness.ts";

/** Runs `use` with a directory of its own, which is removed. */
async function withDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "sundial-disk-"));
  try {
    await use(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

async function errnoOf(promise: Promise<unknown>): Promise<unknown> {
  return ((await failureOf(promise)) as { code?: unknown }).code;
}

test("opening makes the directory, and those above it, for nobody but the owner", () =>
  withDirectory(async (path) => {
    const disk = await RealDisk.open(join(path, "a/b/c"));
    assert.is(disk.path, join(path, "a/b/c"));
    assert.ok((await stat(disk.path)).isDirectory());
    for (const made of ["a", "a/b", "a/b/c"]) assert.is((await stat(join(path, made))).mode & 0o777, 0o700);
    assert.equal(await disk.list(), []);
    await disk.close();
  }));

test("bytes come back from where they were written, in writes of any size", () =>
  withDirectory(async (path) => {
    const disk = await RealDisk.open(path);
    const file = await disk.create("file");
    const sizes = [1, 1000, 65_536, 65_537, 300_000];
    let position = 5;
    for (const size of sizes) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 7 + size) & 255);
      await file.write(position, bytes);
      assert.equal(Buffer.compare(await file.read(position, size), bytes), 0);
      position += size;
    }
    await file.sync();
    assert.is(await file.size(), position);
    assert.is((await file.read(position - 3, 100)).length, 3, "fewer only at the end");
    await file.truncate(10);
    await file.close();
    assert.is((await readFile(join(path, "file"))).length, 10);
    await disk.close();
  }));

test("files are made, renamed over others and removed; errors carry the errno", () =>
  withDirectory(async (path) => {
    const disk = await RealDisk.open(path);
    await (await disk.create("a")).close();
    assert.is(await errnoOf(disk.create("a")), "EEXIST");
    await (await disk.create("b")).close();
    await disk.rename("a", "b");
    await disk.syncDirectory();
    assert.equal(await readdir(path), ["b"]);
    assert.is(await errnoOf(disk.open("a")), "ENOENT");
    await disk.remove("b");
    assert.is(await errnoOf(disk.remove("b")), "ENOENT");
    await disk.close();
  }));

test("a write to a device that is full fails with ENOSPC, large or small", async () => {
  const disk = await RealDisk.open("/dev");
  const file = await disk.open("full");
  assert.is(await errnoOf(file.write(0, new Uint8Array(10))), "ENOSPC");
  assert.is(await errnoOf(file.write(0, new Uint8Array(100_000))), "ENOSPC");
  await file.close();
  await disk.close();
});

test("a log on a real disk is the same after it was opened again", () =>
  withDirectory(async (path) => {
    const disk = await RealDisk.open(path);
    const options = {
      random: { identifier: () => 42, bytes: (count: number) => new Uint8Array(count) },
      segmentBytes: 1 << 18,
    };
    const driver = new Driver(await Log.open(disk, options));
    for (let at = 0; at < 100; at++) {
      await driver.append(entries(at * 20 + 1, at * 20 + 20, 1, "x".repeat(200)), hardState(1, 1, at * 20));
    }
    assert.ok(driver.log.segmentCount > 1);
    const expected = await contentOf(driver.log);
    await driver.log.close();
    const again = await Log.open(disk, options);
    assert.equal(await contentOf(again), expected);
    assert.is(again.lastIndex, 2000);
    assert.equal(expected[1999], describe(entries(2000, 2000, 1, "x".repeat(200))[0]!));
    await again.close();
    await disk.close();
  }));

test.run();
