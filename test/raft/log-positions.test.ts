import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LogPositions, RaftInvariantError } from "../../src/raft/index.ts";

/** The same log as a plain array. */
class Model {
  firstIndex = 1;
  prevTerm = 0;
  entries: { term: number; size: number }[] = [];

  get lastIndex(): number {
    return this.firstIndex + this.entries.length - 1;
  }

  termAt(index: number): number | undefined {
    return index === this.firstIndex - 1 ? this.prevTerm : this.entries[index - this.firstIndex]?.term;
  }

  sizeAt(index: number): number {
    return this.entries[index - this.firstIndex]!.size;
  }

  /** From `firstIndex − 1`. */
  get indexes(): number[] {
    return Array.from({ length: this.entries.length + 1 }, (_, i) => this.firstIndex - 1 + i);
  }

  discardThrough(index: number): void {
    this.prevTerm = this.termAt(index)!;
    this.entries.splice(0, index - this.firstIndex + 1);
    this.firstIndex = index + 1;
  }
}

type Step =
  | { readonly kind: "append"; readonly termStep: number; readonly size: number }
  | { readonly kind: "truncate" | "discard"; readonly part: number };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("append" as const),
        termStep: fc.nat(2),
        size: fc.nat(9),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("truncate" as const, "discard" as const),
        part: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { maxLength: 60 },
);

function perform(log: LogPositions, model: Model, step: Step): void {
  if (step.kind === "append") {
    const term = (model.termAt(model.lastIndex) ?? 0) + step.termStep;
    log.append(term, step.size);
    model.entries.push({ term, size: step.size });
    return;
  }
  if (model.entries.length === 0) return;
  const index = model.firstIndex + Math.floor(step.part * (model.entries.length - 1));
  if (step.kind === "truncate") {
    log.truncateFrom(index);
    model.entries.length = index - model.firstIndex;
  } else {
    log.discardThrough(index);
    model.discardThrough(index);
  }
}

function compare(log: LogPositions, model: Model): void {
  assert.is(log.firstIndex, model.firstIndex);
  assert.is(log.lastIndex, model.lastIndex);
  assert.is(log.lastTerm, model.termAt(model.lastIndex));
  for (const index of [...model.indexes, model.firstIndex - 2, model.lastIndex + 1]) {
    assert.is(log.termAt(index), model.termAt(index), `term at ${index}`);
  }
}

test("terms and bounds are those of an array of entries, whatever is appended, cut off and discarded", () => {
  fc.assert(
    fc.property(steps, (run) => {
      const log = new LogPositions();
      const model = new Model();
      for (const step of run) {
        perform(log, model, step);
        compare(log, model);
      }
    }),
  );
});

test("sizes are those of an array of entries, between any two of them and within any limits", () => {
  fc.assert(
    fc.property(steps, fc.nat(40), fc.integer({ min: 1, max: 10 }), (run, bytesLimit, entriesLimit) => {
      const log = new LogPositions();
      const model = new Model();
      for (const step of run) perform(log, model, step);
      for (let from = model.firstIndex; from <= model.lastIndex; from++) {
        let bytes = 0;
        let within = from;
        for (let to = from; to <= model.lastIndex; to++) {
          bytes += model.sizeAt(to);
          assert.is(log.bytesBetween(from, to), bytes);
          if (bytes <= bytesLimit && to - from < entriesLimit) within = to;
        }
        assert.is(log.lastIndexWithin(from, bytesLimit, entriesLimit), within);
      }
    }),
  );
});

test("§5.3: the last index of a term at most is the one that a search from the back finds", () => {
  fc.assert(
    fc.property(steps, fc.nat(80), fc.nat(60), (run, index, term) => {
      const log = new LogPositions();
      const model = new Model();
      for (const step of run) perform(log, model, step);
      const asked = Math.max(index, model.firstIndex - 1);
      const found = model.indexes.filter((one) => one <= asked && model.termAt(one)! <= term).at(-1);
      assert.is(log.lastIndexOfTermAtMost(asked, term), found ?? model.firstIndex - 1);
    }),
  );
});

test("§5.4.1, checklist 10: a higher last term is more up to date, however short its log", () => {
  const log = new LogPositions();
  for (const term of [1, 2, 2, 2]) log.append(term, 0);
  assert.ok(log.isCoveredBy(1, 3));
  assert.not(log.isCoveredBy(100, 1));
});

test("§5.4.1, checklist 10: with equal last terms the longer log is more up to date", () => {
  const log = new LogPositions();
  for (const term of [1, 2, 2]) log.append(term, 0);
  assert.ok(log.isCoveredBy(3, 2));
  assert.ok(log.isCoveredBy(4, 2));
  assert.not(log.isCoveredBy(2, 2));
});

test("a log of many entries gives the memory of discarded ones back, and stays the same behind them", () => {
  const log = new LogPositions();
  const model = new Model();
  const append = { kind: "append", termStep: 0, size: 3 } as const;
  for (let i = 0; i < 20_000; i++) perform(log, model, append);
  for (const index of [1, 4096, 4097, 15_000, 19_999]) {
    log.discardThrough(index);
    model.discardThrough(index);
    compare(log, model);
    assert.is(log.bytesBetween(index + 1, 20_000), 3 * (20_000 - index));
  }
  perform(log, model, append);
  compare(log, model);
});

test("the terms of a log never go back, nor does it lose what is not there", () => {
  const log = new LogPositions(5, 3);
  log.append(3, 0);
  assert.throws(
    () => log.append(2, 0),
    (error: unknown) => error instanceof RaftInvariantError,
  );
  assert.throws(
    () => log.truncateFrom(5),
    (error: unknown) => error instanceof RaftInvariantError,
  );
  assert.throws(
    () => log.discardThrough(7),
    (error: unknown) => error instanceof RaftInvariantError,
  );
  assert.is(log.lastIndex, 6);
});

test.run();
