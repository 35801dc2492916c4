import type { Comparison, Target } from "./harness/comparison.ts";
import { diskSyncMs } from "./harness/disk-sync.ts";
import {
  type Contestant,
  KEY_SPACE,
  type KvCluster,
  type Load,
  type LoadSummary,
} from "./harness/kv-cluster.ts";
import type { Part, PartContext, PartReport } from "./harness/part.ts";
import { runProgram } from "./harness/run-program.ts";
import type { Workspace } from "./harness/workspace.ts";
import { prepareEtcd } from "./peers/etcd/etcd.ts";
import { prepareSundial } from "./sundial/sundial.ts";

/** A load, and what it has to come to. */
interface Goal extends Load {
  readonly rate?: Target;
  readonly p99?: Target;
}

const PARITY: Target = { kind: "atLeast", ratio: 1 };
const FOURFOLD: Target = { kind: "atLeast", ratio: 4 };
const NOT_LATER: Target = { kind: "atMost", ratio: 1 };

/** Clients and connections as etcd's own documentation has them for 1 and 1,000 clients. */
const ALONE = { clients: 1, connections: 1 };
const SOME = { clients: 64, connections: 8 };
const MANY = { clients: 1000, connections: 100 };

/** Long enough that the client's own start, and what V8 compiles in it, is a small part: seconds, not tenths. */
const GOALS: readonly Goal[] = [
  { operation: "put", ...ALONE, total: 4_000, target: "leader", rate: PARITY },
  { operation: "put", ...SOME, total: 150_000, target: "leader", rate: FOURFOLD, p99: NOT_LATER },
  { operation: "put", ...MANY, total: 300_000, target: "leader", rate: FOURFOLD, p99: NOT_LATER },
  { operation: "get", ...ALONE, total: 4_000, target: "leader" },
  { operation: "get", ...SOME, total: 200_000, target: "leader", rate: FOURFOLD },
  { operation: "get", ...MANY, total: 300_000, target: "leader", rate: FOURFOLD },
  { operation: "put", ...SOME, total: 60_000, target: "all" },
  { operation: "put", ...MANY, total: 120_000, target: "all" },
  { operation: "get", ...SOME, total: 60_000, target: "all" },
  { operation: "get", ...MANY, total: 120_000, target: "all" },
];

/**
 * Before anything is measured: every key exists then, connections and caches are warm, logs and stores have gone
 * through a few rounds of their own cleaning up, and V8 has compiled, which takes it until some 250,000 puts.
 */
const WARM_UP: readonly Load[] = [
  { operation: "put", ...SOME, total: 10 * KEY_SPACE, target: "leader" },
  { operation: "put", ...MANY, total: 20 * KEY_SPACE, target: "leader" },
  { operation: "get", ...SOME, total: 2 * KEY_SPACE, target: "leader" },
];
const QUICK_WARM_UP: readonly Load[] = [{ operation: "put", ...SOME, total: KEY_SPACE, target: "leader" }];

const ROUNDS = 3;
const QUICK_DIVISOR = 20;
const MIB = 2 ** 20;

/** What one contestant did in one round. */
interface Round {
  readonly summaries: readonly LoadSummary[];
  /** Peak of each server, the largest first. */
  readonly peakMemoryBytes: readonly number[];
}

/**
 * Three servers against three, on the same disk with their default settings, each write on a majority's disks
 * before it is acknowledged. Only one contestant runs at a time, so that neither waits for the other; they take
 * turns, each round on new data.
 */
export const cluster: Part = {
  name: "cluster",
  run: async (context: PartContext): Promise<PartReport> => {
    const { workspace, quick } = context;
    const sundial = await prepareSundial(workspace);
    const etcd = await prepareEtcd(workspace);
    const goals = quick ? GOALS.map((goal) => ({ ...goal, total: goal.total / QUICK_DIVISOR })) : GOALS;
    const warmUp = quick ? QUICK_WARM_UP : WARM_UP;
    const run = (contestant: Contestant): Promise<Round> => runRound(workspace, contestant, warmUp, goals);
    const rounds: { sundial: Round[]; etcd: Round[] } = { sundial: [], etcd: [] };
    for (let round = 1; round <= (quick ? 1 : ROUNDS); round++) {
      context.progress(`cluster, round ${round}: Sundial`);
      rounds.sundial.push(await run(sundial));
      if (typeof etcd === "string") continue;
      context.progress(`cluster, round ${round}: etcd`);
      rounds.etcd.push(await run(etcd));
    }
    const measured = [sundial.measured, `fdatasync of 4 KiB: ${diskSyncMs(workspace).toFixed(2)} ms`];
    return {
      comparisons: compare(goals, rounds.sundial, rounds.etcd),
      measured: typeof etcd === "string" ? measured : [...measured, etcd.measured],
      missing: typeof etcd === "string" ? [etcd] : [],
    };
  },
};

async function runRound(
  workspace: Workspace,
  contestant: Contestant,
  warmUp: readonly Load[],
  goals: readonly Goal[],
): Promise<Round> {
  const servers = await contestant.start();
  const before = await servers.contents();
  for (const load of warmUp) await servers.load(load);
  const summaries: LoadSummary[] = [];
  for (const goal of goals) summaries.push(await servers.load(goal));
  const puts = [...warmUp, ...goals].filter(({ operation }) => operation === "put");
  const written = puts.reduce((sum, { total }) => sum + total, 0);
  await checkData(contestant.name, servers, before.revision + written);
  const peakMemoryBytes = servers.peakMemoryBytes().sort((a, b) => b - a);
  await servers.stop();
  // What this contestant still has to write or discard must not be the next one's load.
  await runProgram(workspace, "sync", []);
  return { summaries, peakMemoryBytes };
}

/** @throws Error when a write that was acknowledged is not there */
async function checkData(name: string, servers: KvCluster, revision: number): Promise<void> {
  const found = await servers.contents();
  if (found.keys !== KEY_SPACE || found.revision !== revision) {
    const wanted = `${KEY_SPACE} keys at revision ${revision}`;
    throw new Error(`${name} has ${found.keys} keys at revision ${found.revision} instead of ${wanted}`);
  }
}

function compare(goals: readonly Goal[], sundial: readonly Round[], etcd: readonly Round[]): Comparison[] {
  const figures = (pick: (round: Round) => number): Pick<Comparison, "sundial" | "peer" | "peerName"> => ({
    sundial: sundial.map(pick),
    peer: etcd.map(pick),
    peerName: "etcd",
  });
  const loads = goals.flatMap((goal, i): Comparison[] => {
    const name = describe(goal);
    const p99 = { ...figures((round) => round.summaries[i]!.p99Ms), benchmark: `${name}: p99`, unit: "ms" };
    return [
      {
        ...figures((round) => round.summaries[i]!.opsPerSecond),
        benchmark: name,
        unit: `${goal.operation}s/s`,
        target: goal.rate,
      },
      { ...p99, target: goal.p99 },
    ];
  });
  const memory = ["most", "second", "least"].map((which, i) => ({
    ...figures((round) => round.peakMemoryBytes[i]! / MIB),
    benchmark: `peak memory of the server with the ${which}`,
    unit: "MiB",
  }));
  return [...loads, ...memory];
}

function describe({ operation, clients, target }: Goal): string {
  const who = clients === 1 ? "1 client" : `${clients.toLocaleString("en-US")} clients`;
  return `${operation}, ${who}${target === "all" ? ", to all servers" : ""}`;
}
