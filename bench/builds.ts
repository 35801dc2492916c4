/**
 * Whether a change makes puts cheaper: `npx tsx bench/builds.ts DIRECTORY DIRECTORY [ROUNDS]`.
 *
 * Each directory holds `bin/`, `dist/` and `node_modules/` of one build. Both clusters run all the time, and short
 * loads go to one and the other in turns, so that a machine that is slower in one minute than in the next is so for
 * both. Prints medians; processor time is of all processes together, in microseconds a put. Differences of less than
 * three in a hundred are chance.
 */
import type { Load } from "./harness/kv-cluster.ts";
import { cpuSeconds } from "./harness/machine.ts";
import { median } from "./harness/median.ts";
import { Workspace } from "./harness/workspace.ts";
import { SundialCluster } from "./sundial/sundial-cluster.ts";

const SOME: Load = { operation: "put", clients: 64, connections: 8, total: 60_000, target: "leader" };
const MANY: Load = { operation: "put", clients: 1000, connections: 100, total: 150_000, target: "leader" };
const LOADS = [SOME, MANY];
const WARM_UP = [SOME, MANY, MANY];
const DEFAULT_ROUNDS = 8;

interface Figures {
  readonly opsPerSecond: number;
  readonly p99Ms: number;
  readonly clientUs: number;
  readonly leaderUs: number;
  /** The mean of the two. */
  readonly followerUs: number;
}

async function measure(cluster: SundialCluster, load: Load): Promise<Figures> {
  const before = cluster.cpuSeconds();
  const clientBefore = cpuSeconds("self").children;
  const { opsPerSecond, p99Ms } = await cluster.load(load);
  const perPut = (seconds: number): number => (seconds * 1e6) / load.total;
  const servers = cluster.cpuSeconds().map((seconds, i) => perPut(seconds - before[i]!));
  const [leaderUs = 0, ...followers] = servers.sort((a, b) => b - a);
  const followerUs = followers.reduce((sum, us) => sum + us, 0) / followers.length;
  return {
    opsPerSecond,
    p99Ms,
    clientUs: perPut(cpuSeconds("self").children - clientBefore),
    leaderUs,
    followerUs,
  };
}

function report(label: string, load: Load, figures: readonly Figures[]): string {
  const of = (pick: (figure: Figures) => number): number => median(figures.map(pick))!;
  const all = of(({ clientUs, leaderUs, followerUs }) => clientUs + leaderUs + 2 * followerUs);
  const parts = [
    `${Math.round(of((figure) => figure.opsPerSecond))} puts/s`,
    `p99 ${of((figure) => figure.p99Ms).toFixed(1)} ms`,
    `client ${of((figure) => figure.clientUs).toFixed(1)}`,
    `leader ${of((figure) => figure.leaderUs).toFixed(1)}`,
    `follower ${of((figure) => figure.followerUs).toFixed(1)}`,
    `all ${all.toFixed(1)} µs`,
  ];
  return `${label}, ${load.clients} clients: ${parts.join(", ")}`;
}

async function main(): Promise<void> {
  const [first, second, rounds = String(DEFAULT_ROUNDS)] = process.argv.slice(2);
  if (first === undefined || second === undefined)
    throw new Error("usage: bench/builds.ts DIRECTORY DIRECTORY [ROUNDS]");
  const workspace = new Workspace();
  process.on("exit", () => workspace.close());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
  const builds = [
    { label: "A", cluster: await SundialCluster.start(workspace, first, "a-") },
    { label: "B", cluster: await SundialCluster.start(workspace, second, "b-") },
  ];
  for (const { cluster } of builds) for (const load of WARM_UP) await cluster.load(load);
  const figures = new Map<string, Figures[]>();
  for (let round = 0; round < Number(rounds); round++) {
    for (const load of LOADS) {
      for (const { label, cluster } of round % 2 === 0 ? builds : [...builds].reverse()) {
        const key = `${label} ${load.clients}`;
        figures.set(key, [...(figures.get(key) ?? []), await measure(cluster, load)]);
      }
    }
  }
  for (const load of LOADS)
    for (const { label } of builds)
      console.log(report(label, load, figures.get(`${label} ${load.clients}`)!));
  process.exit(0);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
