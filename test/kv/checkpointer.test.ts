/** When the state comes to disk, and when the log is cut behind it (DESIGN §6; RAFT_CHECKLIST 5, 9). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Checkpointer } from "../../src/kv/checkpointer.ts";
import { encodeCommand, PUT, stampCommand } from "../../src/kv/command.ts";
import { KvWhen, kvPutArgsCodec } from "../../src/kv/gen/kv.ts";
import { Log } from "../../src/kv/log/log.ts";
import { openStateMachine } from "../../src/kv/open-state-machine.ts";
import type { StateMachine } from "../../src/kv/state-machine.ts";
import { CheckpointError } from "../../src/kv/store/errors.ts";
import { MemoryRecordStore } from "../../src/kv/store/memory-record-store.ts";
import { type Entry, EntryKind } from "../../src/raft/index.ts";
import { encodeXdr } from "../../src/xdr/index.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { randomPort } from "../support/simulated-server.ts";

const DUE_MS = 10_000;
const CHECKPOINT_MS = 20;
const CUT_STEP = 4_096;
const SEGMENT_BYTES = 1 << 16;
const FULL = new CheckpointError("ENOSPC", "no space left on device");
const BROKEN = new CheckpointError("EIO", "the disk is broken");

/** A log's disk that can hang. */
class Hanging {
  private waiting: (() => void)[] | null = null;
  private readonly clock: SimulatedClock;

  constructor(clock: SimulatedClock) {
    this.clock = clock;
  }

  readonly later = (callback: () => void): void => {
    if (this.waiting !== null) this.waiting.push(callback);
    else this.clock.after(0.01, callback);
  };

  begin(): void {
    this.waiting = [];
  }

  end(): void {
    const waiting = this.waiting ?? [];
    this.waiting = null;
    for (const callback of waiting) this.later(callback);
  }
}

class Bench {
  readonly clock: SimulatedClock;
  readonly hanging: Hanging;
  readonly log: Log;
  readonly records: MemoryRecordStore;
  readonly machine: StateMachine;
  readonly checkpointer: Checkpointer;
  readonly discarded: number[] = [];
  readonly failures: unknown[] = [];
  private batchId = 0;

  static async start(): Promise<Bench> {
    const clock = new SimulatedClock();
    const hanging = new Hanging(clock);
    const disk = new SimulatedDisk({ random: seededRandom(1), later: hanging.later });
    const options = { random: randomPort(seededRandom(2)), segmentBytes: SEGMENT_BYTES };
    const log = await clock.complete(Log.open(disk.mount(), options), 1_000, "the log is open");
    return new Bench(clock, hanging, log);
  }

  private constructor(clock: SimulatedClock, hanging: Hanging, log: Log) {
    this.clock = clock;
    this.hanging = hanging;
    this.log = log;
    this.records = new MemoryRecordStore((callback) => clock.after(CHECKPOINT_MS, callback));
    this.machine = openStateMachine(this.records);
    this.checkpointer = new Checkpointer({
      raft: { discardThrough: (index) => this.discarded.push(index) },
      log,
      machine: this.machine,
      clock: new ProcessClock(clock, 123),
      onFailure: (error) => this.failures.push(error),
    });
  }

  /** Puts of so many sessions are applied. To the log, where only their indexes matter, go entries without data. */
  async write(count: number, valueBytes: number = 4): Promise<void> {
    const first = this.log.lastIndex + 1;
    const entries = Array.from({ length: count }, (_, at) => putEntry(first + at, valueBytes));
    this.batchId += 1;
    this.log.append({
      id: this.batchId,
      hardState: { currentTerm: 1, votedFor: 1, commitIndex: 0 },
      entries: entries.map((entry) => ({ ...entry, data: new Uint8Array(0) })),
    });
    for (const entry of entries) this.machine.apply(entry);
    await this.clock.advance(5);
  }

  /** Time goes on, with the looks that the node takes at it. */
  async pass(ms: number, discardIndex: number = 0): Promise<void> {
    const untilMs = this.clock.nowMs + ms;
    while (this.clock.nowMs < untilMs) {
      await this.clock.advance(Math.min(100, untilMs - this.clock.nowMs));
      this.checkpointer.consider(discardIndex);
    }
    await this.clock.advance(CHECKPOINT_MS);
  }

  /** What a server would find that starts now. */
  get recovered(): StateMachine {
    return openStateMachine(this.records);
  }

  get checkpointIndex(): number {
    return this.recovered.appliedIndex;
  }
}

function putEntry(index: number, valueBytes: number): Entry {
  const session = Buffer.alloc(8);
  session.writeUInt32BE(index);
  const command = encodeCommand(
    PUT,
    encodeXdr(kvPutArgsCodec, {
      session,
      sequence: 1,
      key: Buffer.from(`key ${index % 10}`),
      value: new Uint8Array(valueBytes),
      condition: { when: KvWhen.KV_ALWAYS },
    }),
  );
  stampCommand(command, index);
  return { index, term: 1, kind: EntryKind.COMMAND, data: command };
}

test("a checkpoint is made some time after a write, and holds all that was applied", async () => {
  const bench = await Bench.start();
  await bench.write(25);
  await bench.pass(DUE_MS - 200);
  assert.is(bench.checkpointIndex, 0);
  await bench.pass(300);
  const { machine, recovered } = bench;
  assert.equal(
    [recovered.appliedIndex, recovered.appliedTerm, recovered.logTimeMs, recovered.revision],
    [25, 1, 25, 25],
  );
  assert.is(recovered.store.hash, machine.store.hash);
  assert.is(recovered.sessions.size, 25);
});

test("nothing new, no checkpoint", async () => {
  const bench = await Bench.start();
  await bench.pass(3 * DUE_MS);
  assert.is(bench.records.meta(), undefined);
});

test("much that is new does not wait for the time", async () => {
  const bench = await Bench.start();
  await bench.write(16, 1 << 20);
  bench.checkpointer.consider(0);
  await bench.clock.advance(2 * CHECKPOINT_MS);
  assert.is(bench.checkpointIndex, 16);
});

test("one checkpoint at a time; what comes meanwhile is in the next one", async () => {
  const bench = await Bench.start();
  await bench.write(16, 1 << 20);
  bench.checkpointer.consider(0);
  await bench.write(16, 1 << 20);
  bench.checkpointer.consider(0);
  await bench.clock.advance(CHECKPOINT_MS);
  assert.is(bench.checkpointIndex, 16);
  bench.checkpointer.consider(0);
  await bench.clock.advance(CHECKPOINT_MS);
  assert.is(bench.checkpointIndex, 32);
  assert.equal(bench.failures, []);
});

test("the store is never ahead of its own log on disk: a restart would find a log that ends too early", async () => {
  const bench = await Bench.start();
  bench.hanging.begin();
  await bench.write(5);
  assert.is(bench.log.durableIndex, 0);
  await bench.pass(3 * DUE_MS);
  assert.is(bench.checkpointIndex, 0);
  bench.hanging.end();
  await bench.pass(200);
  assert.is(bench.checkpointIndex, 5);
});

test("the log is cut only up to what is in a durable checkpoint, and on the disk of every member", async () => {
  const bench = await Bench.start();
  await bench.write(CUT_STEP + 10);
  await bench.pass(200, CUT_STEP + 10);
  assert.equal(bench.discarded, [], "no checkpoint");
  await bench.pass(DUE_MS, 100);
  assert.is(bench.checkpointIndex, CUT_STEP + 10);
  assert.equal(bench.discarded, [], "a member has only 100");
  await bench.pass(200, CUT_STEP + 5);
  assert.equal(bench.discarded, [CUT_STEP + 5]);
  await bench.write(CUT_STEP);
  await bench.pass(200, 2 * CUT_STEP + 10);
  assert.equal(bench.discarded, [CUT_STEP + 5], "the rest is not in a checkpoint yet");
  assert.ok(bench.log.firstIndex > 1 && bench.log.firstIndex <= CUT_STEP + 6);
});

test("the log is not cut for little", async () => {
  const bench = await Bench.start();
  await bench.write(CUT_STEP - 1);
  await bench.pass(DUE_MS + 200, CUT_STEP - 1);
  assert.is(bench.checkpointIndex, CUT_STEP - 1);
  await bench.pass(200, CUT_STEP - 1);
  assert.equal(bench.discarded, []);
});

test("a full disk: the alarm is up, it is tried again soon, and what had changed is in the one that succeeds", async () => {
  const bench = await Bench.start();
  await bench.write(3);
  bench.records.failNextCommit(FULL);
  await bench.pass(DUE_MS + 100);
  assert.is(bench.checkpointer.isDiskFull, true);
  assert.is(bench.checkpointIndex, 0);
  await bench.write(2);
  bench.records.failNextCommit(FULL);
  await bench.pass(1_100);
  assert.is(bench.checkpointer.isDiskFull, true);
  await bench.pass(1_100);
  assert.is(bench.checkpointer.isDiskFull, false);
  assert.is(bench.checkpointIndex, 5);
  assert.is(bench.recovered.sessions.size, 5, "those of the failed ones too");
  assert.is(bench.recovered.store.hash, bench.machine.store.hash);
  assert.equal(bench.failures, []);
});

test("any other failure ends the server, which says why (DESIGN §6)", async () => {
  const bench = await Bench.start();
  await bench.write(3);
  bench.records.failNextCommit(BROKEN);
  await bench.pass(DUE_MS + 100);
  assert.equal(bench.failures, [BROKEN]);
});

test("a crash in the middle of a checkpoint leaves the one before", async () => {
  const bench = await Bench.start();
  await bench.write(3);
  await bench.pass(DUE_MS + 100);
  await bench.write(16, 1 << 20);
  bench.checkpointer.consider(0);
  await bench.clock.advance(CHECKPOINT_MS / 2);
  bench.records.crash();
  await bench.clock.advance(CHECKPOINT_MS);
  assert.is(bench.checkpointIndex, 3);
  assert.is(bench.recovered.sessions.size, 3);
});

test("so much in memory that was not brought to disk: there is no room for more", async () => {
  const bench = await Bench.start();
  assert.is(bench.checkpointer.hasRoomFor(1 << 20), true);
  await bench.write(255, 1 << 20);
  assert.is(bench.checkpointer.hasRoomFor(1 << 20), false);
  assert.is(bench.checkpointer.hasRoomFor(1 << 10), true);
});

test("a server that stops makes a last checkpoint, after the one that is under way", async () => {
  const bench = await Bench.start();
  await bench.write(16, 1 << 20);
  bench.checkpointer.consider(0);
  await bench.write(2);
  await bench.clock.complete(bench.checkpointer.finish(), 1_000, "the last checkpoint is made");
  assert.is(bench.checkpointIndex, 18);
});

test("a server that stops with a full disk, or a log that is behind, ends without a last checkpoint", async () => {
  const full = await Bench.start();
  await full.write(2);
  full.records.failNextCommit(FULL);
  await full.clock.complete(full.checkpointer.finish(), 1_000, "it has ended");
  assert.is(full.checkpointIndex, 0);
  assert.equal(full.failures, []);

  const behind = await Bench.start();
  behind.hanging.begin();
  await behind.write(2);
  await behind.clock.complete(behind.checkpointer.finish(), 1_000, "it has ended");
  assert.is(behind.checkpointIndex, 0);

  const idle = await Bench.start();
  await idle.clock.complete(idle.checkpointer.finish(), 1_000, "it has ended");
  assert.is(idle.records.meta(), undefined);
});

test.run();
