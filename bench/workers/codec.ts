/**
 * Times the codecs: `codec.js --rounds N --sample-ms N`.
 * Prints a JSON array of {@link CodecTiming}.
 */
import { parseArgs } from "node:util";
import { Bench } from "tinybench";
import { codecSubjects, type Subject } from "./codec-subjects.ts";

/** Nanoseconds a call, one figure a round. */
export interface CodecTiming {
  readonly name: string;
  readonly sundial: number[];
  readonly jsXdr: number[];
}

const NANOSECONDS_A_MILLISECOND = 1e6;

/** Keeps results alive, so that no compiler can find out that nobody wants them. */
const sink: { last: unknown } = { last: undefined };

function repeat(times: number, run: () => unknown): () => void {
  return () => {
    for (let i = 0; i < times; i++) sink.last = run();
  };
}

async function time(subject: Subject, timing: CodecTiming, sampleMs: number): Promise<void> {
  const bench = new Bench({ time: sampleMs, warmupTime: sampleMs / 2 });
  bench.add("sundial", repeat(subject.batch, subject.sundial));
  bench.add("jsXdr", repeat(subject.batch, subject.jsXdr));
  await bench.run();
  for (const task of bench.tasks) {
    const { result } = task;
    if (result.state !== "completed") throw new Error(`${subject.name}, ${task.name}: ${result.state}`);
    const nanoseconds = (result.latency.p50 / subject.batch) * NANOSECONDS_A_MILLISECOND;
    timing[task.name as "sundial" | "jsXdr"].push(nanoseconds);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, "sample-ms": { type: "string", default: "500" } },
  });
  const subjects = codecSubjects();
  const timings = subjects.map(({ name }): CodecTiming => ({ name, sundial: [], jsXdr: [] }));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [i, subject] of subjects.entries())
      await time(subject, timings[i]!, Number(values["sample-ms"]));
  }
  console.log(JSON.stringify(timings));
}

await main();
