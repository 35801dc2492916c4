import { test } from "uvu";
import * as assert from "uvu/assert";
import { turns } from "../../support/until.ts";
import {
  contentOf,
  describe,
  entries,
  entry,
  hardState,
  openDriver,
  openLog,
  SEGMENT_BYTES,
  simulatedDisk,
} from "./log-harness.ts";

test("a new log is empty, and says that it is new", async () => {
  const log = await openLog(simulatedDisk());
  assert.equal(log.recovered, {
    isNew: true,
    hardState: hardState(0),
    firstIndex: 1,
    lastIndex: 0,
    tornBytes: 0,
    isCutShort: false,
  });
  assert.is(log.termAt(0), 0);
  await log.close();
});

test("what was appended is there at once, and again after a restart", async () => {
  const disk = simulatedDisk();
  const { log, append } = bound(await openDriver(disk));
  const durable = append(entries(1, 3), hardState(1, 2, 0));
  assert.is(log.lastIndex, 3);
  assert.is(log.durableIndex, 0);
  assert.equal(log.entriesFrom(2, 3, 1000) as unknown, entries(2, 3));
  await durable;
  assert.is(log.durableIndex, 3);
  await log.close();

  const again = await openLog(disk);
  assert.equal(again.recovered.hardState, hardState(1, 2, 0));
  assert.is(again.recovered.isNew, false);
  assert.equal(await contentOf(again), entries(1, 3).map(describe));
  assert.is(again.durableIndex, 3);
});

test("appends that come while a write is in flight share the next one, reported once with the highest id", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await turns();
  const first = [driver.append([entry(1)]), driver.append([entry(2)])];
  await turns(1);
  const operations = disk.operations;
  const others = Array.from({ length: 10 }, (_, at) => driver.append([entry(at + 3)]));
  await Promise.all([...first, ...others]);
  assert.equal(driver.reported, [2, 12]);
  assert.is(disk.operations, operations + 2, "one write, one sync");
});

test("a batch larger than a record goes to disk in several, and is durable with the last", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk, { recordLimitBytes: 300 });
  await driver.append(entries(1, 50));
  assert.equal(driver.reported, [1]);
  await driver.log.close();
  assert.is((await openLog(disk)).lastIndex, 50);
});

test("a hard state that differs in nothing but its commitIndex causes no write, and goes along with the next", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append([entry(1)], hardState(1, 1, 0));
  await turns();
  const before = disk.operations;
  await driver.append([], hardState(1, 1, 1));
  await driver.append([]);
  assert.is(disk.operations, before);
  await driver.append([entry(2)]);
  disk.endProcess();
  assert.equal((await openLog(disk)).recovered.hardState, hardState(1, 1, 1));
});

test("closing writes a commitIndex that was still to go along", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append([entry(1)], hardState(1, 1, 0));
  await driver.append([], hardState(1, 1, 1));
  await driver.log.close();
  assert.equal((await openLog(disk)).recovered.hardState, hardState(1, 1, 1));
});

test("closing writes what was appended", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  void driver.append(entries(1, 5));
  void driver.append(entries(6, 9));
  await driver.log.close();
  assert.is((await openLog(disk)).lastIndex, 9);
});

test("checklist 2: term and vote are one record, also when nothing else is written", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append([], hardState(7, 3));
  disk.losePower();
  assert.equal((await openLog(disk)).recovered.hardState, hardState(7, 3));
});

test("checklist 3: a vote is never taken back within its term, and a term never goes back", async () => {
  const { log } = await openDriver(simulatedDisk());
  log.append({ id: 1, hardState: hardState(2, 1), entries: [] });
  assert.throws(
    () => log.append({ id: 2, hardState: hardState(2, 0), entries: [] }),
    /goes back: term 2, vote 0/,
  );
  assert.throws(() => log.append({ id: 2, hardState: hardState(2, 3), entries: [] }), /goes back/);
  assert.throws(() => log.append({ id: 2, hardState: hardState(1, 1), entries: [] }), /goes back/);
  log.append({ id: 2, hardState: hardState(3, 0), entries: [] });
  log.append({ id: 3, hardState: hardState(3, 2), entries: [] });
});

test("an entry at an index that exists cuts off from there, in memory and after a restart", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append(entries(1, 10, 1));
  await driver.append(entries(5, 6, 2));
  const expected = [...entries(1, 4, 1), ...entries(5, 6, 2)].map(describe);
  assert.is(driver.log.lastIndex, 6);
  assert.is(driver.log.durableIndex, 6);
  assert.is(driver.log.termAt(5), 2);
  assert.equal(await contentOf(driver.log), expected);
  disk.losePower();
  assert.equal(await contentOf(await openLog(disk)), expected);
});

test("durableIndex falls at once when entries are cut off, and does not rise by the write of what was cut off", async () => {
  const driver = await openDriver(simulatedDisk());
  await driver.append(entries(1, 4, 1));
  const first = driver.append(entries(5, 10, 1));
  const second = driver.append(entries(3, 3, 2));
  assert.is(driver.log.durableIndex, 2);
  await first;
  assert.is(driver.log.durableIndex, 2);
  await second;
  assert.is(driver.log.durableIndex, 3);
});

test("batches that contradict the log are refused as a whole", async () => {
  const { log } = await openDriver(simulatedDisk());
  log.append({ id: 1, hardState: null, entries: entries(1, 3, 5) });
  const refused = (batch: ReturnType<typeof entries>, message: RegExp): void => {
    assert.throws(() => log.append({ id: 2, hardState: null, entries: batch }), message);
    assert.is(log.lastIndex, 3);
  };
  refused([entry(5, 5)], /entry 5 does not join/);
  refused([entry(0, 5)], /entry 0 does not join/);
  refused([entry(4, 5), entry(6, 5)], /entry 6 stands where 5 is due/);
  refused([entry(4, 4)], /entry 4 of term 4 follows term 5/);
  refused([entry(4, 5, "x".repeat(9000))], /entry 4 has 9000 bytes/);
});

test("the largest entry that is allowed fills a segment of its own", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  const tooLarge = entry(1, 1, "x".repeat(SEGMENT_BYTES));
  assert.throws(() => driver.log.append({ id: 1, hardState: null, entries: [tooLarge] }), RangeError);
  const largest = SEGMENT_BYTES - 76 - 60 - 16 - 3;
  for (let index = 1; index <= 3; index++)
    await driver.append([entry(index, 1, "x".repeat(largest))], hardState(index));
  assert.is(driver.log.sizeBytes, driver.log.segmentCount * SEGMENT_BYTES);
  for (const name of disk.names) assert.is(disk.contentOf(name).length, SEGMENT_BYTES);
  disk.losePower();
  assert.is((await openLog(disk)).lastIndex, 3);
});

test("entries let go from memory are read from disk, in the same pieces of bytes", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk, { tailLimitBytes: 200, recordLimitBytes: 500 });
  for (let at = 0; at < 60; at++) await driver.append(entries(at * 5 + 1, at * 5 + 5));
  const expected = entries(1, 300).map(describe);
  assert.ok(driver.log.segmentCount > 1);
  assert.equal(await contentOf(driver.log), expected);
  assert.is((await driver.log.entriesFrom(7, 300, 1)).length, 1);
  const few = await driver.log.entriesFrom(7, 300, 60);
  assert.equal(few.map(describe), entries(7, 9).map(describe));
  assert.instance(driver.log.entriesFrom(299, 300, 100), Array);
  await driver.log.close();
  assert.equal(await contentOf(await openLog(disk, { tailLimitBytes: 200 })), expected);
});

test("entries that were replaced are not read in place of those that replaced them", async () => {
  const driver = await openDriver(simulatedDisk(), { tailLimitBytes: 0 });
  await driver.append(entries(1, 20, 1));
  await driver.append(entries(11, 14, 2));
  await driver.append(entries(13, 18, 3));
  await driver.append(entries(19, 30, 3));
  const expected = [...entries(1, 10, 1), ...entries(11, 12, 2), ...entries(13, 30, 3)];
  assert.equal(await contentOf(driver.log), expected.map(describe));
  for (let from = 1; from <= 30; from++) {
    const one = await driver.log.entriesFrom(from, from, 1);
    assert.equal(one.map(describe), [describe(expected[from - 1]!)]);
  }
});

test("everything that is not durable stays in memory, whatever the limit", async () => {
  const driver = await openDriver(simulatedDisk(), { tailLimitBytes: 0 });
  const durable = driver.append(entries(1, 100));
  assert.is((driver.log.entriesFrom(1, 100, 1 << 20) as unknown[]).length, 100);
  await durable;
  assert.instance(driver.log.entriesFrom(1, 100, 1 << 20), Promise);
});

test("asking for entries, terms and sizes that the log does not have is an error of the caller", async () => {
  const { log } = await openDriver(simulatedDisk());
  log.append({ id: 1, hardState: null, entries: entries(1, 3) });
  for (const [from, to] of [
    [0, 1],
    [2, 1],
    [1, 4],
    [4, 4],
  ] as const) {
    assert.throws(() => log.entriesFrom(from, to, 1), RangeError);
  }
  assert.throws(() => log.termAt(4), RangeError);
  assert.throws(() => log.sizeAt(0), RangeError);
  assert.is(log.sizeAt(1), entry(1).data.length);
});

test("checklist 6: a failed sync is reported once, and never tried again", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append([entry(1)]);
  await turns();
  disk.failNext("EIO", "sync");
  const operations = disk.operations;
  driver.append([entry(2)]).catch(() => {});
  driver.append([entry(3)]).catch(() => {});
  await turns();
  driver.append([entry(4)]).catch(() => {});
  await turns();
  assert.is((driver.failure as { code: string }).code, "EIO");
  assert.equal(driver.reported, [1]);
  assert.is(driver.log.durableIndex, 1);
  assert.is(disk.operations, operations + 2, "one write, one sync");
});

test("a failed write is reported like a failed sync", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await turns();
  disk.failNext("EIO", "write");
  await driver.append([entry(1)]).catch(() => {});
  assert.is((driver.failure as { code: string }).code, "EIO");
});

/** The parts of a driver, so that they can be taken apart. */
function bound(driver: Awaited<ReturnType<typeof openDriver>>) {
  return { log: driver.log, append: driver.append.bind(driver) };
}

test.run();
