/** Time as the replicated log tells it (RAFT_CHECKLIST 28: nobody's wall clock is asked). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LogTime } from "../../src/kv/log-time.ts";
import type { Clock } from "../../src/kv/ports.ts";

function clockAt(startMs: number): Clock & { ms: number } {
  return { ms: startMs, nowMs: nowOf, after: () => () => {}, endOfTurn() {} };
}

function nowOf(this: { ms: number }): number {
  return this.ms;
}

test("the first leader's time begins at 0, whatever its clock says", () => {
  const clock = clockAt(123_456.7);
  const time = new LogTime(clock);
  time.continueFrom(0);
  assert.is(time.nowMs(), 0);
  clock.ms += 10.9;
  assert.is(time.nowMs(), 10);
});

test("a leader continues from the latest time in its log, by its own clock alone", () => {
  const clock = clockAt(5);
  const time = new LogTime(clock);
  time.continueFrom(70_000);
  assert.is(time.nowMs(), 70_000);
  clock.ms += 250;
  assert.is(time.nowMs(), 70_250);
});

test("between two terms of office time stands still, also for the same server", () => {
  const clock = clockAt(0);
  const time = new LogTime(clock);
  time.continueFrom(1_000);
  clock.ms += 500;
  assert.is(time.nowMs(), 1_500);
  // Deposed; another leader took the log to 1,600; elected again an hour later.
  clock.ms += 3_600_000;
  time.continueFrom(1_600);
  assert.is(time.nowMs(), 1_600);
  clock.ms += 1;
  assert.is(time.nowMs(), 1_601);
});

test("a leader catches up with the entries of earlier ones that it applies only now; its own change nothing", () => {
  const clock = clockAt(0);
  const time = new LogTime(clock);
  time.continueFrom(1_000);
  clock.ms += 20;
  time.atLeast(4_000);
  assert.is(time.nowMs(), 4_000);
  clock.ms += 20;
  time.atLeast(4_010);
  assert.is(time.nowMs(), 4_020);
});

test("times are whole milliseconds, as the log holds them", () => {
  const clock = clockAt(0.3);
  const time = new LogTime(clock);
  time.continueFrom(10);
  for (const ms of [0.31, 1.29, 1.31, 99.999]) {
    clock.ms = ms;
    assert.ok(Number.isInteger(time.nowMs()), String(time.nowMs()));
    assert.ok(time.nowMs() >= 10);
  }
});

test.run();
