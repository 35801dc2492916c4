import { test } from "uvu";
import * as assert from "uvu/assert";
import { seededRandom } from "../../support/seeded-random.ts";
import { SimulatedDisk } from "../../support/simulated-disk.ts";
import { until } from "../../support/until.ts";
import {
  contentOf,
  type Driver,
  describe,
  entries,
  entry,
  hardState,
  openDriver,
  openLog,
  simulatedDisk,
} from "./log-harness.ts";

/** Appends entries of 700 bytes, one a record, until there are so many segments. */
async function fill(driver: Driver, segments: number, term: number = 1): Promise<void> {
  while (driver.log.segmentCount < segments) {
    await driver.append([entry(driver.log.lastIndex + 1, term, "x".repeat(700))], hardState(term, 1));
  }
}

function logFiles(disk: SimulatedDisk): string[] {
  return disk.names.filter((name) => name.endsWith(".log"));
}

test("only whole segments are removed, and never the one that is written to", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await fill(driver, 2);
  const { log } = driver;
  const lastOfFirst = log.lastIndex - 1;
  await log.discardThrough(lastOfFirst - 1);
  assert.is(log.firstIndex, 1);
  await log.discardThrough(lastOfFirst);
  assert.is(log.firstIndex, lastOfFirst + 1);
  assert.equal(logFiles(disk), ["0000000000000002.log"]);
  await log.discardThrough(log.lastIndex + 100);
  assert.equal(logFiles(disk), ["0000000000000002.log"]);
});

test("the term before the first entry stays known, what lies before is not served", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append(entries(1, 2, 1), hardState(1, 1));
  await fill(driver, 2, 4);
  await driver.log.discardThrough(driver.log.lastIndex - 1);
  const { firstIndex, lastIndex } = driver.log;
  for (const log of [driver.log, await openLog(disk)]) {
    assert.is(log.firstIndex, firstIndex);
    assert.is(log.lastIndex, lastIndex);
    assert.is(log.termAt(firstIndex - 1), 4);
    assert.throws(() => log.termAt(firstIndex - 2), RangeError);
    assert.throws(() => log.entriesFrom(firstIndex - 1, firstIndex, 1), RangeError);
    assert.throws(() => log.sizeAt(firstIndex - 1), RangeError);
  }
});

test("the power failing at any operation of a removal leaves a log without a hole, and the entries that were to stay", async () => {
  for (let at = 1; ; at++) {
    const disk = simulatedDisk(at);
    const driver = await openDriver(disk);
    await fill(driver, 6);
    const { lastIndex } = driver.log;
    await until(() => disk.names.includes("next.tmp"), "the next segment is being prepared");
    const lost = new Promise<boolean>((resolve) => {
      disk.onPowerLost = () => resolve(true);
    });
    disk.losePowerAt = disk.operations + at;
    const wasLost = await Promise.race([driver.log.discardThrough(lastIndex - 2).then(() => false), lost]);
    disk.losePowerAt = Number.POSITIVE_INFINITY;
    disk.endProcess();
    const log = await openLog(disk);
    assert.is(log.lastIndex, lastIndex);
    assert.ok(log.firstIndex <= lastIndex - 1);
    assert.is((await contentOf(log)).length, lastIndex - log.firstIndex + 1);
    if (!wasLost) {
      assert.is(logFiles(disk).length, 2);
      return;
    }
  }
});

test("calls that overlap remove segments one after the other, oldest first", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await fill(driver, 6);
  const { log } = driver;
  const seen: number[] = [];
  const calls = [4, 20, 30, 8].map((index) =>
    log.discardThrough(index).then(() => seen.push(log.firstIndex)),
  );
  await Promise.all(calls);
  assert.equal(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.is(log.firstIndex, 31);
  assert.equal(logFiles(disk).length, log.segmentCount);
});

test("a segment is removed only when the reads in it are done", async () => {
  const disk = new SimulatedDisk({ random: seededRandom(1), later: setImmediate });
  const driver = await openDriver(disk, { tailLimitBytes: 0 });
  await fill(driver, 3);
  const read = Promise.resolve(driver.log.entriesFrom(2, 3, 10_000));
  await driver.log.discardThrough(driver.log.lastIndex - 1);
  assert.equal(
    (await read).map((one) => one.index),
    [2, 3],
  );
});

test("entries replaced across segments are found in the newer one, and the older one can go with what it lost", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk, { tailLimitBytes: 0 });
  await fill(driver, 3);
  const { log } = driver;
  const expected = [...entries(1, 4, 1, "x".repeat(700)), ...entries(5, 9, 2)];
  await driver.append(entries(5, 7, 2), hardState(2, 1));
  await driver.append(entries(8, 9, 2));
  assert.equal(await contentOf(log), expected.map(describe));
  await log.discardThrough(4);
  assert.is(log.firstIndex, 5);
  assert.is(log.segmentCount, 1);
  assert.is(log.termAt(4), 1);
  const again = await openLog(disk, { tailLimitBytes: 0 });
  assert.equal(await contentOf(again), expected.slice(4).map(describe));
  assert.is(again.termAt(4), 1);
});

test("entries that are cut off while they are read are not returned", async () => {
  const driver = await openDriver(simulatedDisk(), { tailLimitBytes: 0 });
  await driver.append(entries(1, 8, 1));
  const read = Promise.resolve(driver.log.entriesFrom(4, 6, 10_000));
  void driver.append(entries(5, 9, 2));
  assert.equal((await read).map(describe), [describe(entry(4, 1))]);
});

test("the end of a record is not taken from where an entry behind it lay before, in another segment", async () => {
  const driver = await openDriver(simulatedDisk(), { tailLimitBytes: 0 });
  const { log } = driver;
  for (let index = 1; index <= 10; index++) await driver.append([entry(index, 1, "x".repeat(700))]);
  await driver.append([entry(4, 2, "y".repeat(5000))], hardState(2, 1));
  assert.is(log.segmentCount, 2);
  void driver.append([entry(5, 2)]);
  assert.equal((await log.entriesFrom(4, 4, 1)).map(describe), [describe(entry(4, 2, "y".repeat(5000)))]);
});

test("a removal that fails ends the log like a failed write", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await fill(driver, 3);
  disk.failNext("EIO", "remove");
  await driver.log.discardThrough(driver.log.lastIndex - 1);
  assert.is((driver.failure as { code: string }).code, "EIO");
});

test.run();
