// test-limit-ms: 240000
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BuggyCopy } from "./support/planted-bug.ts";
import { PLANTED_BUGS } from "./support/planted-bugs.ts";
import { playSeed } from "./support/play-seed.ts";
import type { RaftModule } from "./support/raft-module.ts";

/** Some bugs need a long chain of bad luck to show. */
const SEEDS = 1500;

/** The first seed whose run notices that something is wrong. */
function firstSeedThatFails(module: RaftModule): number | undefined {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      playSeed(seed, module);
    } catch {
      return seed;
    }
  }
  return undefined;
}

for (const bug of PLANTED_BUGS) {
  test(`caught by ${bug.caughtBy}: ${bug.name}`, async () => {
    const copy = new BuggyCopy(bug);
    try {
      if (bug.caughtBy === "random") assert.ok(firstSeedThatFails(await copy.module()), "no run failed");
      else assert.ok(copy.failures(bug.caughtBy) > 0, "no test failed");
    } finally {
      copy.remove();
    }
  });
}

test.run();
