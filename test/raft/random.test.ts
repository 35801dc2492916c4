import { test } from "uvu";
import * as assert from "uvu/assert";
import { playSeed, tellSeed } from "./support/play-seed.ts";

/**
 * Random runs of simulated clusters (see support/random-run.ts). `RAFT_SEED=7` plays one and tells what happened;
 * `RAFT_SEEDS=1000-2000` plays others than usual.
 */
const one = process.env["RAFT_SEED"];
const [first, last] = (process.env["RAFT_SEEDS"] ?? "1-800").split("-").map(Number) as [number, number];

/** Sums of what the runs came to, for each run on average. */
const averages = new Map<string, number>();

if (one === undefined) {
  test(`seeds ${first} to ${last}: no promise is broken in bad weather, and all is done when it has cleared up`, () => {
    const runs = last - first + 1;
    for (let seed = first; seed <= last; seed++) {
      for (const [what, count] of Object.entries(playSeed(seed))) {
        averages.set(what, (averages.get(what) ?? 0) + count / runs);
      }
    }
    const told = [...averages].map(([what, average]) => `${average.toFixed(1)} ${what}`);
    console.log(`${runs} runs, on average with ${told.join(", ")}`);
  });

  for (const [what, least] of [
    ["steps", 2000],
    ["elections", 4],
    ["committed", 50],
    ["cut", 5],
    ["readsConfirmed", 10],
    ["readsRefused", 1],
    ["heldMessages", 100],
    ["crashes", 2],
  ] as const) {
    test(`the runs are worth the while: ${least} ${what} each, and more`, () => {
      assert.ok(averages.get(what)! > least, `${averages.get(what)}`);
    });
  }
} else {
  test(`seed ${one} breaks no promise`, () => tellSeed(Number(one)));
}

test.run();
