import type { Tally } from "./invariants.ts";
import { Narrator } from "./narrator.ts";
import type { RaftModule } from "./raft-module.ts";
import { RandomRun } from "./random-run.ts";
import { recover } from "./recovery.ts";

/** How long the weather is bad, in units of time. */
const BAD_WEATHER_UNITS = 3000;

/** Of what happened before a failure, so many lines are told. */
const LINES_TOLD = 200;

/** Plays the run that `seed` draws, to its end in good weather. Throws at the first broken promise. */
export function playSeed(seed: number, module?: RaftModule): Tally & { readonly steps: number } {
  const run = new RandomRun(seed, module);
  try {
    run.run(BAD_WEATHER_UNITS);
    recover(run);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      `seed ${seed}, step ${run.steps}: ${message}\nTo see how it came to that: RAFT_SEED=${seed} npx tsx test/run.ts raft/random`,
      { cause: error },
    );
  }
  return { ...run.invariants.tally, steps: run.steps };
}

/** The same, telling what happened last before it failed. */
export function tellSeed(seed: number): void {
  const narrator = new Narrator();
  const run = new RandomRun(seed, undefined, [narrator]);
  console.log(`seed ${seed}:`, run.weather);
  try {
    run.run(BAD_WEATHER_UNITS);
    recover(run);
  } catch (error) {
    console.log(narrator.take().slice(-LINES_TOLD).join("\n"));
    throw error;
  }
}
