import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Durability } from "../../src/raft/durability.ts";
import type { Entry } from "../../src/raft/index.ts";
import { SimLog } from "./support/sim-log.ts";
import { entriesOf } from "./support/solo.ts";

const HARD_STATE = { currentTerm: 1, votedFor: 1, commitIndex: 0 };

test("without changes there is nothing to write, and nothing to wait for", () => {
  const durability = new Durability(3);
  assert.is(durability.takeBatch(HARD_STATE), null);
  assert.is(durability.durableIndex, 3);
  assert.is(durability.afterHardState, 0);
  assert.is(durability.afterEntries(3), 0);
});

test("checklist 2: term and vote go into one batch, with the entries of the same moment", () => {
  const durability = new Durability(0);
  durability.changedHardState();
  durability.changedEntries(entriesOf([1, 1]));
  const batch = durability.takeBatch(HARD_STATE);
  assert.is(batch?.id, 1);
  assert.equal(batch?.hardState, HARD_STATE);
  assert.equal(
    batch?.entries.map(({ index }) => index),
    [1, 2],
  );
  assert.is(durability.takeBatch(HARD_STATE), null);
});

test("checklist 1: a message waits for the batch that holds what it shows, from the change until that is on disk", () => {
  const durability = new Durability(0);
  durability.changedHardState();
  assert.is(durability.afterHardState, 1);
  durability.takeBatch(HARD_STATE);
  assert.is(durability.afterHardState, 1);
  durability.changedEntries(entriesOf([1]));
  assert.is(durability.afterHardState, 1);
  assert.is(durability.afterEntries(1), 2);
  durability.takeBatch(HARD_STATE);
  durability.persisted(1);
  assert.is(durability.afterHardState, 0);
  assert.is(durability.afterEntries(1), 2);
  assert.is(durability.durableIndex, 0);
  durability.persisted(2);
  assert.is(durability.afterEntries(1), 0);
  assert.is(durability.durableIndex, 1);
});

test("checklist 1: a message about old entries still waits for the term that it shows", () => {
  const durability = new Durability(5);
  durability.changedHardState();
  assert.is(durability.afterEntries(5), 1);
});

test("one report may tell of many batches", () => {
  const durability = new Durability(0);
  for (const firstIndex of [1, 2, 3]) {
    durability.changedEntries(entriesOf([1], firstIndex));
    durability.takeBatch(HARD_STATE);
  }
  durability.persisted(3);
  assert.is(durability.durableIndex, 3);
  assert.ok(durability.isPersisted(3));
});

test("entries that give way before they were written are not written", () => {
  const durability = new Durability(0);
  durability.changedEntries(entriesOf([1, 1, 1]));
  durability.changedEntries(entriesOf([2], 2));
  const batch = durability.takeBatch(HARD_STATE);
  assert.equal(
    batch?.entries.map(({ index, term }) => [index, term]),
    [
      [1, 1],
      [2, 2],
    ],
  );
});

test("§5.3: an entry that is cut off is not on disk any more, though its batch is", () => {
  const durability = new Durability(0);
  durability.changedEntries(entriesOf([1, 1, 1]));
  durability.takeBatch(HARD_STATE);
  durability.changedEntries(entriesOf([2], 2));
  durability.takeBatch(HARD_STATE);
  durability.persisted(1);
  assert.is(durability.durableIndex, 1);
  assert.is(durability.afterEntries(2), 2);
  durability.persisted(2);
  assert.is(durability.durableIndex, 2);
});

test("§5.3: cutting into what was on disk long ago takes it back at once", () => {
  const durability = new Durability(9);
  durability.changedEntries(entriesOf([2], 4));
  assert.is(durability.durableIndex, 3);
});

interface Change {
  /** Where the new entries begin: this far before the end of the log. */
  readonly back: number;
  readonly count: number;
  readonly take: boolean;
  readonly persist: number;
}

const changes = fc.array(
  fc.record({
    back: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(6) }),
    count: fc.integer({ min: 1, max: 4 }),
    take: fc.boolean(),
    persist: fc.nat(3),
  }),
  { maxLength: 40 },
);

/** How far the log in memory and the one on disk are the same. */
function agreement(memory: SimLog, disk: SimLog): number {
  let index = 0;
  while (memory.at(index + 1) !== undefined && memory.at(index + 1) === disk.at(index + 1)) index += 1;
  return index;
}

test("what is called durable is on disk as it is in memory, and when all is written all is durable", () => {
  fc.assert(
    fc.property(changes, (run: Change[]) => {
      const durability = new Durability(0);
      const [memory, disk] = [new SimLog(), new SimLog()];
      const underWay: { id: number; entries: readonly Entry[] }[] = [];
      const persist = (count: number): void => {
        for (const batch of underWay.splice(0, count)) {
          disk.write(batch.entries);
          durability.persisted(batch.id);
          assert.ok(durability.durableIndex <= agreement(memory, disk));
        }
      };
      const take = (): void => {
        const batch = durability.takeBatch(HARD_STATE);
        if (batch !== null) underWay.push(batch);
      };
      run.forEach((change, i) => {
        const firstIndex = Math.max(1, memory.lastIndex + 1 - change.back);
        const entries = entriesOf(Array(change.count).fill(i), firstIndex);
        memory.write(entries);
        durability.changedEntries(entries);
        assert.ok(durability.durableIndex <= agreement(memory, disk));
        if (change.take) take();
        persist(change.persist);
      });
      take();
      persist(underWay.length);
      assert.is(durability.durableIndex, memory.lastIndex);
      assert.equal(disk.entries, memory.entries);
    }),
  );
});

test.run();
