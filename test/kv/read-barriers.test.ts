/** Linearizable reads on every server (dissertation §6.4; RAFT_CHECKLIST 17 to 19). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ReadBarriers } from "../../src/kv/read-barriers.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";
import { StubLine } from "./support/stub-line.ts";
import { StubRaft } from "./support/stub-raft.ts";

const REQUEST_TIMEOUT_MS = 1_000;
const START_MS = 777;

interface Asked<T> {
  answer: T | undefined;
}

class Bench {
  readonly raft = new StubRaft();
  readonly line = new StubLine();
  readonly clock = new SimulatedClock();
  appliedIndex = 5;
  wakes = 0;
  readonly reads: ReadBarriers;

  constructor() {
    this.reads = new ReadBarriers({
      raft: this.raft,
      line: this.line,
      clock: new ProcessClock(this.clock, START_MS),
      wake: () => {
        this.wakes += 1;
      },
      appliedIndex: () => this.appliedIndex,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
  }

  read(): Asked<boolean> {
    return note(this.reads.pass());
  }

  peerAsks(): Asked<number | null> {
    return note(this.reads.readIndexForPeer());
  }

  apply(index: number): Promise<void> {
    this.appliedIndex = index;
    this.reads.applied(index);
    return this.settle();
  }

  settle(): Promise<void> {
    return this.clock.advance(0);
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.reads.sweep(START_MS + this.clock.nowMs);
    await this.settle();
  }
}

function note<T>(promise: Promise<T>): Asked<T> {
  const asked: Asked<T> = { answer: undefined };
  void promise.then((answer) => {
    asked.answer = answer;
  });
  return asked;
}

const UNREACHABLE = new Error("no answer");

test("a leader's reader passes when the core has confirmed that it leads, not before (RAFT_CHECKLIST 17)", async () => {
  const bench = new Bench();
  bench.raft.lead(2);
  const read = bench.read();
  assert.is(bench.wakes, 1);
  bench.reads.flush();
  await bench.settle();
  assert.is(read.answer, undefined);
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 5 });
  await bench.settle();
  assert.is(read.answer, true);
});

test("readers of one turn share one confirmation; later ones get their own", async () => {
  const bench = new Bench();
  bench.raft.lead(2);
  const early = [bench.read(), bench.read(), bench.read()];
  bench.reads.flush();
  const late = bench.read();
  bench.reads.flush();
  assert.is(bench.raft.readIds.length, 2);
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 5 });
  await bench.settle();
  assert.equal(
    early.map(({ answer }) => answer),
    [true, true, true],
  );
  assert.is(late.answer, undefined, "the leader may have been deposed before it came");
});

test("a reader waits until what was committed when it came is applied (RAFT_CHECKLIST 19)", async () => {
  const bench = new Bench();
  bench.raft.lead(2);
  const read = bench.read();
  bench.reads.flush();
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 8 });
  await bench.apply(7);
  assert.is(read.answer, undefined);
  await bench.apply(8);
  assert.is(read.answer, true);
});

test("leadership lost before the confirmation: the readers ask the next leader", async () => {
  const bench = new Bench();
  bench.raft.lead(2);
  const read = bench.read();
  bench.reads.flush();
  bench.raft.follow(3);
  bench.reads.refused(bench.raft.readIds[0]!);
  bench.reads.flush();
  assert.is(bench.line.readIndexes[0]!.leader, 3);
  bench.line.readIndexes[0]!.answer({ index: 5, term: 3 });
  await bench.settle();
  assert.is(read.answer, true);
});

test("a follower asks the leader, one question at a time; who comes meanwhile shares the next", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const first = bench.read();
  bench.reads.flush();
  const others = [bench.read(), bench.read()];
  bench.reads.flush();
  assert.is(bench.line.readIndexes.length, 1);
  bench.line.readIndexes[0]!.answer({ index: 5, term: 1 });
  await bench.settle();
  assert.is(first.answer, true);
  assert.equal(
    others.map(({ answer }) => answer),
    [undefined, undefined],
  );
  bench.reads.flush();
  assert.is(bench.line.readIndexes.length, 2);
  bench.line.readIndexes[1]!.answer({ index: 5, term: 1 });
  await bench.settle();
  assert.equal(
    others.map(({ answer }) => answer),
    [true, true],
  );
});

test("a follower learns the commit index with the answer, which may come before the entries", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const read = bench.read();
  bench.reads.flush();
  bench.line.readIndexes[0]!.answer({ index: 9, term: 4 });
  const { wakes } = bench;
  await bench.settle();
  assert.equal(bench.raft.learned, [{ term: 4, index: 9 }]);
  assert.is(bench.wakes, wakes + 1, "so that what is there is applied");
  assert.is(read.answer, undefined);
  await bench.apply(9);
  assert.is(read.answer, true);
});

test("a leader that cannot confirm, or cannot be reached: asked again until the reader's time is over", async () => {
  for (const settle of ["answer", "fail"] as const) {
    const bench = new Bench();
    bench.raft.follow(2);
    const read = bench.read();
    for (let i = 0; i < 3; i++) {
      bench.reads.flush();
      assert.is(bench.line.readIndexes.length, i + 1);
      if (settle === "answer") bench.line.readIndexes[i]!.answer(null);
      else bench.line.readIndexes[i]!.fail(UNREACHABLE);
      await bench.pass(300);
      assert.is(read.answer, undefined);
    }
    await bench.pass(100);
    assert.is(read.answer, false);
    bench.reads.flush();
    assert.is(bench.line.readIndexes.length, 3);
  }
});

test("no leader in time: the reader is turned away, and with its own time, not with that of an earlier one", async () => {
  const bench = new Bench();
  const early = bench.read();
  await bench.pass(900);
  const late = bench.read();
  await bench.pass(100);
  assert.is(early.answer, false);
  assert.is(late.answer, undefined);
  bench.raft.lead(2);
  bench.reads.flush();
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 5 });
  await bench.settle();
  assert.is(late.answer, true);
});

test("not confirmed, or not applied, in time: the reader is turned away", async () => {
  const unconfirmed = new Bench();
  unconfirmed.raft.lead(2);
  const first = unconfirmed.read();
  unconfirmed.reads.flush();
  await unconfirmed.pass(REQUEST_TIMEOUT_MS);
  assert.is(first.answer, false);
  unconfirmed.reads.confirmed({ id: unconfirmed.raft.readIds[0]!, index: 5 });

  const unapplied = new Bench();
  unapplied.raft.lead(2);
  const second = unapplied.read();
  unapplied.reads.flush();
  unapplied.reads.confirmed({ id: unapplied.raft.readIds[0]!, index: 6 });
  await unapplied.pass(REQUEST_TIMEOUT_MS);
  assert.is(second.answer, false);
  await unapplied.apply(6);
  assert.is(second.answer, false);
});

test("there is a new leader, and the former one does not answer: the new one is asked at once", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const first = bench.read();
  bench.reads.flush();
  const second = bench.read();
  bench.raft.follow(0);
  bench.reads.flush();
  assert.is(bench.line.readIndexes.length, 1);
  bench.raft.follow(3);
  bench.reads.flush();
  assert.is(bench.line.readIndexes[1]!.leader, 3);
  bench.line.readIndexes[1]!.answer({ index: 5, term: 2 });
  await bench.settle();
  assert.equal([first.answer, second.answer], [true, true]);
});

test("a former leader's late answer, to a question that is not open any more, changes nothing", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const read = bench.read();
  bench.reads.flush();
  bench.raft.follow(3);
  bench.reads.flush();
  bench.line.readIndexes[0]!.fail(UNREACHABLE);
  await bench.settle();
  bench.reads.flush();
  assert.is(bench.line.readIndexes.length, 2);
  bench.line.readIndexes[1]!.answer({ index: 5, term: 2 });
  await bench.settle();
  assert.is(read.answer, true);
});

test("this server becomes the leader while the former one does not answer: it confirms by itself", async () => {
  const bench = new Bench();
  bench.raft.follow(2);
  const read = bench.read();
  bench.reads.flush();
  bench.raft.lead(3);
  bench.reads.flush();
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 5 });
  await bench.settle();
  assert.is(read.answer, true);
});

test("a follower's question: the read index once confirmed, null when this server does not lead or cannot show it", async () => {
  const bench = new Bench();
  const early = bench.peerAsks();
  await bench.settle();
  assert.is(early.answer, null);

  bench.raft.lead(2);
  const confirmed = bench.peerAsks();
  const refused = bench.peerAsks();
  const late = bench.peerAsks();
  await bench.settle();
  assert.is(confirmed.answer, undefined);
  bench.reads.confirmed({ id: bench.raft.readIds[0]!, index: 12 });
  bench.reads.refused(bench.raft.readIds[1]!);
  await bench.pass(REQUEST_TIMEOUT_MS);
  assert.equal([confirmed.answer, refused.answer, late.answer], [12, null, null]);
});

test("a server that stops turns all away, at whatever stage they are", async () => {
  const leader = new Bench();
  leader.raft.lead(2);
  const confirming = leader.read();
  const peer = leader.peerAsks();
  leader.reads.flush();
  leader.reads.stop();
  await leader.settle();
  assert.equal([confirming.answer, peer.answer], [false, null]);

  const follower = new Bench();
  follower.raft.follow(2);
  const asking = follower.read();
  follower.reads.flush();
  const waiting = follower.read();
  follower.reads.stop();
  await follower.settle();
  assert.equal([asking.answer, waiting.answer], [false, false]);
  follower.line.readIndexes[0]!.fail(UNREACHABLE);
});

test("a server that has stopped turns late comers away at once", async () => {
  const bench = new Bench();
  bench.raft.lead(2);
  bench.reads.stop();
  const read = bench.read();
  const peer = bench.peerAsks();
  await bench.settle();
  assert.equal([read.answer, peer.answer], [false, null]);
});

test.run();
