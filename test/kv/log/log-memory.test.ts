/**
 * What the log keeps in memory (terms, sizes, the newest entries) against plain arrays, over thousands of entries.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EntryTable } from "../../../src/kv/log/entry-table.ts";
import { EntryTail } from "../../../src/kv/log/entry-tail.ts";
import { TermRuns } from "../../../src/kv/log/term-runs.ts";
import type { Entry } from "../../../src/raft/types.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { entry } from "./log-harness.ts";

const STEPS = 600;

/** Appends, cuts off and discards at random; `check` is called after each step with all entries that are left. */
function run(
  seed: number,
  log: {
    append(one: Entry): void;
    truncateFrom(index: number): void;
    discardBefore(index: number): void;
  },
  check: (entries: readonly Entry[], firstIndex: number, random: () => number) => void,
): void {
  const random = seededRandom(seed);
  let entries: Entry[] = [];
  let first = 1;
  let term = 1;
  for (let step = 0; step < STEPS; step++) {
    const what = random();
    if (what < 0.7) {
      if (random() < 0.1) term += 1;
      for (let count = Math.floor(random() * 60); count > 0; count--) {
        const one = entry(first + entries.length, term, "x".repeat(Math.floor(random() * 30)));
        entries.push(one);
        log.append(one);
      }
    } else if (what < 0.85) {
      const kept = Math.max(0, entries.length - Math.floor(random() * 50));
      entries = entries.slice(0, kept);
      log.truncateFrom(first + kept);
    } else {
      const dropped = Math.floor(random() * Math.min(entries.length + 1, 400));
      entries = entries.slice(dropped);
      first += dropped;
      log.discardBefore(first);
    }
    check(entries, first, random);
  }
}

test("the terms of all entries, and the one before the first, are those of a plain array", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const terms = new TermRuns(0, 0);
    let termBefore = 0;
    let entriesBefore: readonly Entry[] = [];
    const adapter = {
      append: (one: Entry): void => terms.append(one.index, one.term),
      truncateFrom: (index: number): void => terms.truncateFrom(index),
      discardBefore: (index: number): void => terms.discardBefore(index - 1),
    };
    run(seed, adapter, (entries, firstIndex) => {
      termBefore = entriesBefore.find((one) => one.index === firstIndex - 1)?.term ?? termBefore;
      entriesBefore = [...entries];
      for (const one of entries) assert.is(terms.termAt(one.index), one.term);
      assert.is(terms.termAt(firstIndex - 1), termBefore);
      assert.is(terms.lastTerm, entries.at(-1)?.term ?? termBefore);
    });
  }
});

test("the sizes and places of all entries are those of a plain array", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const table = new EntryTable(1);
    const places = new Map<number, number>();
    const adapter = {
      append(one: Entry): void {
        table.append(one.data.length);
        places.set(one.index, 0);
      },
      truncateFrom: (index: number): void => table.truncateFrom(index),
      discardBefore: (index: number): void => table.discardBefore(index),
    };
    run(seed, adapter, (entries, firstIndex, random) => {
      assert.is(table.firstIndex, firstIndex);
      assert.is(table.lastIndex, firstIndex + entries.length - 1);
      const from = firstIndex + Math.floor(random() * entries.length);
      const place = 1 + Math.floor(random() * 1e6);
      table.place(from, from + 5, place);
      for (let index = from; index <= Math.min(from + 5, table.lastIndex); index++) places.set(index, place);
      for (const one of entries) {
        assert.is(table.sizeAt(one.index), one.data.length);
        assert.is(table.recordOffsetAt(one.index), places.get(one.index));
      }
    });
  }
});

test("the newest entries are in memory, within the limit, and those that are not durable in any case", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const limitBytes = seed * 5000;
    const tail = new EntryTail(1, limitBytes);
    let durable = 0;
    const adapter = {
      append: (one: Entry): void => tail.push(one),
      truncateFrom(index: number): void {
        tail.truncateFrom(index);
        durable = Math.min(durable, index - 1);
      },
      discardBefore: (index: number): void => tail.discardBefore(index),
    };
    run(seed, adapter, (entries, firstIndex, random) => {
      const lastIndex = firstIndex + entries.length - 1;
      durable = Math.max(durable, lastIndex - Math.floor(random() * 100));
      tail.evict(durable);
      assert.ok(tail.sizeBytes <= limitBytes || tail.firstIndex > durable);
      const inMemory = entries.filter((one) => one.index >= tail.firstIndex);
      assert.is(
        tail.sizeBytes,
        inMemory.reduce((sum, one) => sum + one.data.length, 0),
      );
      assert.ok(tail.firstIndex <= Math.max(durable, firstIndex - 1) + 1);
      if (inMemory.length > 0) {
        assert.equal(tail.slice(tail.firstIndex, lastIndex, Number.POSITIVE_INFINITY), inMemory);
      }
    });
  }
});

test.run();
