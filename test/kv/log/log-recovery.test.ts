import { test } from "uvu";
import * as assert from "uvu/assert";
import { LogDamagedError } from "../../../src/kv/log/errors.ts";
import { FRAME_BYTES, HEADER_BYTES } from "../../../src/kv/log/format.ts";
import { SPARE_NAME } from "../../../src/kv/log/spare-segment.ts";
import type { Entry } from "../../../src/raft/types.ts";
import { failureOfClass } from "../../support/failure.ts";
import type { SimulatedDisk } from "../../support/simulated-disk.ts";
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

const FIRST = "0000000000000001.log";
const SECOND = "0000000000000002.log";
const THIRD = "0000000000000003.log";

/** Where the records of a segment begin, by their frames. */
function recordStarts(segment: Buffer): number[] {
  const starts: number[] = [];
  for (
    let at = HEADER_BYTES;
    segment.readUInt32BE(at + 4) !== 0;
    at += FRAME_BYTES + segment.readUInt32BE(at + 4)
  ) {
    starts.push(at);
  }
  return starts;
}

function endOfRecords(segment: Buffer): number {
  const last = recordStarts(segment).at(-1)!;
  return last + FRAME_BYTES + segment.readUInt32BE(last + 4);
}

/** A disk with a log of one segment: five records of one entry each. */
async function diskWithFiveRecords(): Promise<SimulatedDisk> {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  for (let index = 1; index <= 5; index++) await driver.append([entry(index, index)], hardState(index, 1));
  await driver.log.close();
  return disk;
}

/** A disk with a log of three segments, and the entries in it. */
async function diskWithThreeSegments(): Promise<{ disk: SimulatedDisk; written: Entry[] }> {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  const written: Entry[] = [];
  while (driver.log.segmentCount < 3) {
    const next = entry(written.length + 1, 1, "x".repeat(700));
    await driver.append([next], hardState(1, 1, written.length));
    written.push(next);
  }
  await driver.log.close();
  return { disk, written };
}

function withByte(content: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(content);
  copy[at] = byte;
  return copy;
}

async function damageOf(disk: SimulatedDisk): Promise<LogDamagedError> {
  const before = disk.names.map((name) => disk.contentOf(name).toString("latin1"));
  const error = await failureOfClass(LogDamagedError, openLog(disk));
  assert.is(error.code, "LOG_DAMAGED");
  const after = disk.names.map((name) => disk.contentOf(name).toString("latin1"));
  assert.ok(
    before.every((content, at) => content === after[at]),
    "nothing was changed on disk",
  );
  return error;
}

test("a log cut short at each of its last bytes loses the last record and nothing else, and is made whole again", async () => {
  const whole = (await diskWithFiveRecords()).contentOf(FIRST);
  const end = endOfRecords(whole);
  const lastStart = recordStarts(whole).at(-1)!;
  for (let length = lastStart; length <= end; length++) {
    const disk = simulatedDisk();
    disk.overwrite(FIRST, whole.subarray(0, length));
    const log = await openLog(disk);
    const isWhole = length === end;
    assert.is(log.lastIndex, isWhole ? 5 : 4, `cut at ${length} of ${end}`);
    assert.equal(log.recovered.hardState, hardState(isWhole ? 5 : 4, 1));
    assert.is(
      log.recovered.tornBytes > 0,
      !isWhole && whole.subarray(lastStart, length).some((byte) => byte !== 0),
    );
    assert.is(disk.contentOf(FIRST).length, SEGMENT_BYTES);
    await log.close();
  }
});

test("a log cut within any of its records ends with the record before", async () => {
  const whole = (await diskWithFiveRecords()).contentOf(FIRST);
  const starts = recordStarts(whole);
  for (let length = HEADER_BYTES; length < starts.at(-1)!; length += 3) {
    const disk = simulatedDisk();
    disk.overwrite(FIRST, whole.subarray(0, length));
    const log = await openLog(disk);
    assert.is(
      log.lastIndex,
      starts.filter((start) => start + FRAME_BYTES + whole.readUInt32BE(start + 4) <= length).length,
    );
    await log.close();
  }
});

test("checklist 7: a flipped bit in the last record cuts it off, before that it stops the server", async () => {
  const whole = (await diskWithFiveRecords()).contentOf(FIRST);
  const lastStart = recordStarts(whole).at(-1)!;
  const end = endOfRecords(whole);
  for (let bit = 0; bit < end * 8; bit++) {
    const disk = simulatedDisk();
    const at = bit >> 3;
    disk.overwrite(FIRST, withByte(whole, at, whole[at]! ^ (1 << (bit & 7))));
    if (at < lastStart) {
      const error = await damageOf(disk);
      assert.is(error.file, `/simulated/${FIRST}`);
      assert.ok(error.offset <= at);
    } else {
      const log = await openLog(disk);
      assert.is(log.lastIndex, 4);
      assert.ok(log.recovered.tornBytes > 0);
      await log.close();
    }
  }
});

test("a log that ends before what is durable elsewhere goes on behind that", async () => {
  const disk = await diskWithFiveRecords();
  const cut = disk.contentOf(FIRST).subarray(0, endOfRecords(disk.contentOf(FIRST)) - 1);
  disk.overwrite(FIRST, cut);
  const short = await openLog(disk);
  assert.equal([short.lastIndex, short.recovered.isCutShort], [4, true]);
  await short.close();

  const driver = await openDriver(disk, { reach: { index: 7, term: 6 } });
  const { log } = driver;
  assert.equal([log.firstIndex, log.lastIndex, log.termAt(7)], [8, 7, 6]);
  // The term was lost with the end of the log, and whom the server voted for in it, if for anybody.
  assert.equal(log.recovered.hardState, hardState(6, 0));
  await driver.append(entries(8, 9, 6), hardState(6, 2));
  await log.close();

  const again = await openLog(disk);
  assert.equal([again.firstIndex, again.lastIndex, again.termAt(7)], [8, 9, 6]);
  assert.equal(again.recovered.hardState, hardState(6, 2));
  assert.equal(await contentOf(again), entries(8, 9, 6).map(describe));
  await again.discardThrough(7);
  assert.equal(disk.names.includes(FIRST), false);
  await again.close();
  const last = await openLog(disk);
  assert.equal(await contentOf(last), entries(8, 9, 6).map(describe));
});

test("a log that reaches what is durable elsewhere stays as it is", async () => {
  const disk = await diskWithFiveRecords();
  const log = await openLog(disk, { reach: { index: 5, term: 5 } });
  assert.equal([log.firstIndex, log.lastIndex, log.segmentCount], [1, 5, 1]);
});

test("what was cut off does not come back when the log goes on", async () => {
  const disk = await diskWithFiveRecords();
  const whole = disk.contentOf(FIRST);
  disk.overwrite(FIRST, withByte(whole, endOfRecords(whole) - 1, 0xff));
  const driver = await openDriver(disk);
  assert.is(driver.log.lastIndex, 4);
  await driver.append([entry(5, 9, "x")], hardState(9, 1));
  disk.losePower();
  const log = await openLog(disk);
  assert.equal((await contentOf(log)).at(-1), describe(entry(5, 9, "x")));
  assert.is(log.recovered.tornBytes, 0);
  assert.ok(
    disk
      .contentOf(FIRST)
      .subarray(endOfRecords(disk.contentOf(FIRST)))
      .every((byte) => byte === 0),
  );
});

test("an older record in the place of the last one is not taken for it, though its checksum is right", async () => {
  const disk = await diskWithFiveRecords();
  const whole = disk.contentOf(FIRST);
  const [first = 0, second = 0] = recordStarts(whole);
  const last = recordStarts(whole).at(-1)!;
  whole.copy(whole, last, first, second);
  disk.overwrite(FIRST, whole);
  assert.is((await openLog(disk)).lastIndex, 4);
});

test("a lost sector in the middle of the last segment is damage: a whole record lies behind it", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  for (let index = 1; index <= 6; index++) await driver.append([entry(index, 1, "x".repeat(700))]);
  await driver.log.close();
  const content = disk.contentOf(FIRST);
  const [, second, third] = recordStarts(content);
  content.fill(0, 1024, 1536);
  disk.overwrite(FIRST, content);
  const error = await damageOf(disk);
  assert.is(error.offset, second);
  assert.match(error.message, `record 2 is damaged: there is a later one, whole, at byte ${third}`);
  assert.match(error.message, /restore the data directory/);
});

test("damage in an earlier segment stops the server, wherever it is", async () => {
  const { disk, written } = await diskWithThreeSegments();
  const whole = disk.contentOf(SECOND);
  for (let at = 0; at < endOfRecords(whole); at += 7) {
    disk.overwrite(SECOND, withByte(whole, at, whole[at]! ^ 0x10));
    const error = await damageOf(disk);
    assert.is(error.file, `/simulated/${SECOND}`);
    assert.ok(error.offset <= at);
  }
  disk.overwrite(SECOND, whole);
  assert.equal(await contentOf(await openLog(disk)), written.map(describe));
});

test("an earlier segment that is cut short stops the server", async () => {
  const { disk } = await diskWithThreeSegments();
  const whole = disk.contentOf(FIRST);
  disk.overwrite(FIRST, whole.subarray(0, endOfRecords(whole) - 1));
  const error = await damageOf(disk);
  assert.is(error.offset, recordStarts(whole).at(-1));
});

test("a missing segment stops the server, and is named", async () => {
  const { disk } = await diskWithThreeSegments();
  disk.lose(SECOND);
  const error = await damageOf(disk);
  assert.is(error.file, `/simulated/${SECOND}`);
  assert.match(error.message, /this segment of the log is missing/);
});

test("a segment under the name of another stops the server", async () => {
  const { disk } = await diskWithThreeSegments();
  disk.overwrite(SECOND, disk.contentOf(THIRD));
  disk.lose(THIRD);
  assert.match((await damageOf(disk)).message, /this is segment 3 under a wrong name/);
});

test("a segment of another log stops the server", async () => {
  const { disk } = await diskWithThreeSegments();
  const other = simulatedDisk();
  const random = { identifier: () => 77, bytes: (count: number) => new Uint8Array(count) };
  const driver = await openDriver(other, { random });
  while (driver.log.segmentCount < 3)
    await driver.append([entry(driver.log.lastIndex + 1, 1, "x".repeat(700))]);
  disk.overwrite(THIRD, other.contentOf(THIRD));
  assert.match((await damageOf(disk)).message, /this segment belongs to another log/);
});

test("a file that is no segment, a cut header and a format of the future are told apart", async () => {
  const whole = (await diskWithFiveRecords()).contentOf(FIRST);
  const damageIn = async (content: Buffer): Promise<string> => {
    const disk = simulatedDisk();
    disk.overwrite(FIRST, content);
    return (await damageOf(disk)).problem;
  };
  assert.match(await damageIn(whole.subarray(0, HEADER_BYTES - 1)), /too short/);
  assert.match(await damageIn(withByte(whole, 0, 0x53)), /does not begin like a segment/);
  assert.match(await damageIn(withByte(whole, 11, 2)), /fails its checksum/);
});

test("a last record that was not synced is written again and synced before it is trusted", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append([entry(1)]);
  // The write arrives in the kernel's memory; the sync fails, and the kernel calls the pages clean.
  disk.failNext("EIO", "sync");
  await driver.append([entry(2)]).catch(() => {});
  disk.endProcess();
  const log = await openLog(disk);
  assert.is(log.lastIndex, 2, "read from the kernel's memory");
  for (let failures = 0; failures < 10; failures++) {
    disk.losePower();
    assert.is((await openLog(disk)).lastIndex, 2, "and on the disk since the restart");
  }
});

test("a spare segment that was left behind is not taken for one of the log", async () => {
  const disk = await diskWithFiveRecords();
  disk.overwrite(SPARE_NAME, disk.contentOf(FIRST));
  const log = await openLog(disk);
  assert.is(log.lastIndex, 5);
  await log.close();
});

test("other files in the directory are left alone", async () => {
  const disk = await diskWithFiveRecords();
  disk.overwrite("identity", Buffer.from("me"));
  disk.overwrite("1.log", Buffer.from("not mine"));
  await (await openLog(disk)).close();
  assert.is(disk.contentOf("1.log").toString(), "not mine");
});

test("damage under a running log is found when the entry is read, and is not served", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk, { tailLimitBytes: 0 });
  for (let index = 1; index <= 5; index++) await driver.append([entry(index)]);
  const whole = disk.contentOf(FIRST);
  const [, second = 0] = recordStarts(whole);
  disk.overwrite(FIRST, withByte(whole, second + 40, whole[second + 40]! ^ 1));
  assert.equal((await driver.log.entriesFrom(1, 1, 100)).map(describe), [describe(entry(1))]);
  const error = await failureOfClass(LogDamagedError, Promise.resolve(driver.log.entriesFrom(2, 2, 100)));
  assert.is(error.offset, second);
});

test("a record that another one was put in the place of is not served, though its checksum is right", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk, { tailLimitBytes: 0 });
  for (let index = 1; index <= 3; index++) await driver.append([entry(index, 1, "same length")]);
  const whole = disk.contentOf(FIRST);
  const [first = 0, second = 0, third = 0] = recordStarts(whole);
  whole.copy(whole, second, first, first + third - second);
  disk.overwrite(FIRST, whole);
  const error = await failureOfClass(LogDamagedError, Promise.resolve(driver.log.entriesFrom(2, 2, 100)));
  assert.match(error.message, /another record is in the place/);
});

test("the hard state survives a truncation, a restart and a new segment", async () => {
  const disk = simulatedDisk();
  const driver = await openDriver(disk);
  await driver.append(entries(1, 5), hardState(3, 2, 1));
  while (driver.log.segmentCount < 3)
    await driver.append([entry(driver.log.lastIndex + 1, 3, "x".repeat(900))]);
  await driver.log.discardThrough(driver.log.lastIndex);
  assert.is(driver.log.segmentCount, 1);
  disk.losePower();
  const log = await openLog(disk);
  assert.equal(log.recovered.hardState, hardState(3, 2, 1));
});

test.run();
