/** On how many disks an entry is (KV_REPLICAS of idl/kv.x). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ReplicaCount, ReplicaCounter } from "../../src/kv/replica-counter.ts";
import type { RaftStatus } from "../../src/raft/index.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";

class Bench {
  readonly clock = new SimulatedClock();
  role: RaftStatus["role"] = "leader";
  matchIndex = new Map([
    [1, 9],
    [2, 7],
    [3, 4],
  ]);
  readonly counter = new ReplicaCounter(
    () => ({
      id: 1,
      role: this.role,
      term: 1,
      leader: 1,
      lastIndex: 9,
      commitIndex: 7,
      matchIndex: this.role === "leader" ? this.matchIndex : new Map(),
    }),
    new ProcessClock(this.clock, 50),
  );

  count(index: number, waitMs: number): { count: ReplicaCount | null | undefined } {
    const asked: { count: ReplicaCount | null | undefined } = { count: undefined };
    void this.counter.count(index, waitMs).then((count) => {
      asked.count = count;
    });
    return asked;
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.counter.check();
    await this.clock.advance(0);
  }
}

test("an entry that is on all disks is counted at once", async () => {
  const bench = new Bench();
  const asked = bench.count(4, 1_000);
  await bench.pass(0);
  assert.equal(asked.count, { replicas: 3, members: 3 });
});

test("the asker waits until it is on all disks", async () => {
  const bench = new Bench();
  const asked = bench.count(7, 1_000);
  await bench.pass(500);
  assert.is(asked.count, undefined);
  bench.matchIndex.set(3, 7);
  await bench.pass(0);
  assert.equal(asked.count, { replicas: 3, members: 3 });
});

test("patience over: the count as it is then, which need not even be a majority", async () => {
  const bench = new Bench();
  const some = bench.count(5, 1_000);
  const one = bench.count(9, 2_000);
  const none = bench.count(10, 0);
  await bench.pass(999);
  assert.equal([some.count, one.count, none.count], [undefined, undefined, { replicas: 0, members: 3 }]);
  await bench.pass(1);
  assert.equal([some.count, one.count], [{ replicas: 2, members: 3 }, undefined]);
  await bench.pass(1_000);
  assert.equal(one.count, { replicas: 1, members: 3 });
});

test("only a leader knows: null for all who wait when it is deposed, and for who comes after", async () => {
  const bench = new Bench();
  const before = bench.count(9, 1_000);
  bench.role = "follower";
  await bench.pass(10);
  const after = bench.count(1, 1_000);
  await bench.pass(0);
  assert.equal([before.count, after.count], [null, null]);
});

test("a server that stops answers all who wait, and who comes after", async () => {
  const bench = new Bench();
  const before = bench.count(9, 60_000);
  bench.counter.stop();
  const after = bench.count(9, 60_000);
  await bench.pass(0);
  assert.equal(
    [before.count, after.count],
    [
      { replicas: 1, members: 3 },
      { replicas: 1, members: 3 },
    ],
  );
});

test.run();
