import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SimulatedDisk } from "../../support/simulated-disk.ts";
import { turns } from "../../support/until.ts";
import {
  contentOf,
  type Driver,
  describe,
  entry,
  hardState,
  openDriver,
  openLog,
  SEGMENT_BYTES,
  simulatedDisk,
} from "./log-harness.ts";

const DATA_BYTES = 300;

/** A log on a disk that has room for its first segment only, and knows it. */
async function fullDisk(): Promise<{ disk: SimulatedDisk; driver: Driver; changes: boolean[] }> {
  const disk = simulatedDisk();
  disk.capacityBytes = SEGMENT_BYTES + 100;
  const driver = await openDriver(disk);
  const changes: boolean[] = [];
  driver.log.onFullChange = (full) => changes.push(full);
  await turns();
  return { disk, driver, changes };
}

/** Appends entries for as long as there is room for them. */
async function appendWhileThereIsRoom(driver: Driver): Promise<void> {
  while (driver.log.hasRoomFor(DATA_BYTES)) {
    await driver.append([entry(driver.log.lastIndex + 1, 1, "x".repeat(DATA_BYTES))]);
  }
}

test("a disk without room for the next segment is no failure: the log says so, and goes on in the current one", async () => {
  const { driver, changes } = await fullDisk();
  assert.equal(changes, [true]);
  assert.is(driver.log.full, true);
  await appendWhileThereIsRoom(driver);
  assert.ok(driver.log.lastIndex > 15);
  assert.is(driver.failure, undefined);
});

test("nothing is left on a full disk of a segment that could not be prepared", async () => {
  const { disk } = await fullDisk();
  assert.equal(disk.names, ["0000000000000001.log"]);
});

test("when there is no more room for entries, there still is for votes", async () => {
  const { disk, driver } = await fullDisk();
  await appendWhileThereIsRoom(driver);
  await driver.append([], hardState(5, 2));
  disk.losePower();
  assert.equal((await openLog(disk)).recovered.hardState, hardState(5, 2));
});

test("room counts what waits to be written, and the number of entries", async () => {
  const { driver } = await fullDisk();
  const { log } = driver;
  assert.is(log.hasRoomFor(7000), true);
  assert.is(log.hasRoomFor(7000, 100), false);
  void driver.append([entry(1, 1, "x".repeat(1000))]);
  assert.is(log.hasRoomFor(7000), false);
});

test("with room again, a retry prepares the segment, and the log is as before", async () => {
  const { disk, driver, changes } = await fullDisk();
  await appendWhileThereIsRoom(driver);
  driver.log.retry();
  await turns();
  assert.equal(changes, [true]);
  disk.capacityBytes = SEGMENT_BYTES * 10;
  driver.log.retry();
  await turns();
  assert.equal(changes, [true, false]);
  assert.is(driver.log.hasRoomFor(DATA_BYTES), true);
  for (let count = 0; count < 30; count++) {
    await driver.append([entry(driver.log.lastIndex + 1, 1, "x".repeat(DATA_BYTES))]);
  }
  const expected = await contentOf(driver.log);
  disk.losePower();
  assert.equal(await contentOf(await openLog(disk)), expected);
});

test("removing an old segment makes room by itself", async () => {
  const disk = simulatedDisk();
  disk.capacityBytes = 2 * SEGMENT_BYTES + 100;
  const driver = await openDriver(disk);
  while (driver.log.segmentCount < 2) {
    await driver.append([entry(driver.log.lastIndex + 1, 1, "x".repeat(DATA_BYTES))]);
  }
  await turns();
  assert.is(driver.log.full, true);
  await driver.log.discardThrough(driver.log.lastIndex - 1);
  await turns();
  assert.is(driver.log.full, false);
});

test("what was appended without asking waits for room, is not lost, and can still be joined", async () => {
  const { disk, driver } = await fullDisk();
  await appendWhileThereIsRoom(driver);
  const before = driver.log.lastIndex;
  const large = driver.append([entry(before + 1, 1, "y".repeat(1000))]);
  const small = driver.append([entry(before + 2, 1, "z")], hardState(3, 1));
  await turns();
  assert.is(driver.log.durableIndex, before);
  disk.capacityBytes = SEGMENT_BYTES * 10;
  driver.log.retry();
  await Promise.all([large, small]);
  assert.is(driver.log.durableIndex, before + 2);
  disk.losePower();
  const log = await openLog(disk);
  assert.equal((await contentOf(log)).at(-1), describe(entry(before + 2, 1, "z")));
  assert.equal(log.recovered.hardState, hardState(3, 1));
});

test("closing does not wait for room that may never come", async () => {
  const { disk, driver } = await fullDisk();
  await appendWhileThereIsRoom(driver);
  const before = driver.log.lastIndex;
  void driver.append([entry(before + 1, 1, "y".repeat(2000))]);
  await turns();
  await driver.log.close();
  assert.is((await openLog(disk)).lastIndex, before);
});

test("closing while the next segment is being prepared on a disk that turns out to be full ends as well", async () => {
  const disk = simulatedDisk();
  disk.capacityBytes = SEGMENT_BYTES + 100;
  const driver = await openDriver(disk);
  void driver.append([entry(1, 1, "y".repeat(5000))]);
  void driver.append([entry(2, 1, "y".repeat(5000))]);
  await driver.log.close();
  assert.is((await openLog(disk)).lastIndex, 1);
});

test("another error than a full disk, while the next segment is prepared, ends the log", async () => {
  const disk = simulatedDisk();
  disk.failNext("EIO", "write", "next.tmp");
  await assertRejectsWith("EIO", openDriver(disk));
  const second = simulatedDisk();
  const driver = await openDriver(second);
  second.failNext("EIO", "sync", "next.tmp");
  await turns();
  assert.is((driver.failure as { code: string }).code, "EIO");
});

async function assertRejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.is((error as { code?: string } | undefined)?.code, code);
}

test.run();
