import type { Comparison, Target } from "./harness/comparison.ts";
import { packageVersion } from "./harness/package-version.ts";
import type { Part, PartContext, PartReport } from "./harness/part.ts";
import { runForJson } from "./harness/run-program.ts";
import { buildWorkers, workerArgs } from "./harness/workers.ts";
import type { CodecTiming } from "./workers/codec.ts";

const PEER = "@stellar/js-xdr";
const TARGET: Target = { kind: "atLeast", ratio: 5 };
const NANOSECONDS_A_SECOND = 1e9;

/** Generated codecs against js-xdr: the same values, and, as the worker checks first, the same bytes. */
export const codec: Part = {
  name: "codec",
  run: async (context: PartContext): Promise<PartReport> => {
    const { workspace, quick } = context;
    const version = packageVersion(PEER);
    if (version === undefined) {
      return { comparisons: [], measured: [], missing: [`${PEER}: npm ci`] };
    }
    await buildWorkers(workspace);
    context.progress("codecs");
    const args = quick ? ["--rounds", "1", "--sample-ms", "50"] : ["--rounds", "5", "--sample-ms", "500"];
    const timings = await runForJson<CodecTiming[]>(workspace, process.execPath, workerArgs("codec", args));
    return {
      comparisons: timings.map(toComparison),
      measured: [
        `${PEER} ${version}; 20 entries of 256 bytes, 64-bit integers as number here, as bigint there`,
      ],
      missing: [],
    };
  },
};

function toComparison(timing: CodecTiming): Comparison {
  return {
    benchmark: timing.name,
    unit: "calls/s",
    sundial: timing.sundial.map((nanoseconds) => NANOSECONDS_A_SECOND / nanoseconds),
    peer: timing.jsXdr.map((nanoseconds) => NANOSECONDS_A_SECOND / nanoseconds),
    peerName: "js-xdr",
    target: TARGET,
  };
}
