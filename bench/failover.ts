import type { Comparison, Target } from "./harness/comparison.ts";
import {
  type Acknowledgement,
  type Contestant,
  type EndSignal,
  type KvCluster,
  SERVERS,
} from "./harness/kv-cluster.ts";
import { median } from "./harness/median.ts";
import type { Part, PartContext, PartReport } from "./harness/part.ts";
import { poll, sleep } from "./harness/poll.ts";
import { prepareEtcd } from "./peers/etcd/etcd.ts";
import { prepareSundial } from "./sundial/sundial.ts";

const FAILOVERS = 20;
const QUICK_FAILOVERS = 2;
const RECOVERY_TIMEOUT_MS = 30_000;
/** Between one failover and the next. */
const CALM_MS = 500;

const SIGNALS: readonly { readonly signal: EndSignal; readonly name: string; readonly target?: Target }[] = [
  { signal: "SIGKILL", name: "kill -9 of the leader" },
  { signal: "SIGTERM", name: "SIGTERM to the leader", target: { kind: "within", value: 100 } },
];

/**
 * How long nothing can be written when the leader ends, with default time-outs.
 *
 * A new write goes to each server every 5 ms, and waits for no other. The time is that from the signal to the next
 * acknowledgement of a write that was sent after it, or between two such acknowledgements if that is longer: a
 * leader that was sent SIGTERM still answers for a moment, and only then comes the gap.
 */
export const failover: Part = {
  name: "failover",
  run: async (context: PartContext): Promise<PartReport> => {
    const { workspace, quick } = context;
    const count = quick ? QUICK_FAILOVERS : FAILOVERS;
    const sundial = await prepareSundial(workspace);
    const etcd = await prepareEtcd(workspace);
    const comparisons: Comparison[] = [];
    const measured: string[] = [];
    for (const { signal, name, target } of SIGNALS) {
      context.progress(`failover, ${name}: Sundial`);
      const ours = await outagesMs(sundial, signal, count);
      measured.push(`${name}, Sundial: ${ours.join(" ")} ms`);
      let theirs: number[] = [];
      if (typeof etcd !== "string") {
        context.progress(`failover, ${name}: etcd`);
        theirs = await outagesMs(etcd, signal, count);
        measured.push(`${name}, etcd: ${theirs.join(" ")} ms`);
      }
      const base = { unit: "ms", peerName: "etcd" };
      const figure = (pick: (times: readonly number[]) => number): Pick<Comparison, "sundial" | "peer"> => ({
        sundial: [pick(ours)],
        peer: theirs.length > 0 ? [pick(theirs)] : [],
      });
      const medians = figure((times) => median(times)!);
      const worsts = figure((times) => Math.max(...times));
      comparisons.push({
        ...base,
        ...medians,
        benchmark: `no writes after ${name}: median of ${count}`,
        target,
      });
      comparisons.push({ ...base, ...worsts, benchmark: `no writes after ${name}: worst of ${count}` });
    }
    return { comparisons, measured, missing: typeof etcd === "string" ? [etcd] : [] };
  },
};

async function outagesMs(contestant: Contestant, signal: EndSignal, count: number): Promise<number[]> {
  const cluster = await contestant.start();
  let acknowledgements: Acknowledgement[] = [];
  const stopProbe = await cluster.probe((acknowledgement) => acknowledgements.push(acknowledgement));
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const leader = await cluster.leader();
    await writtenByAll(() => acknowledgements, Date.now(), allServers());
    await sleep(CALM_MS);
    acknowledgements = [];
    times.push(await outageMs(cluster, leader, signal, () => acknowledgements));
    cluster.restart(leader);
  }
  stopProbe();
  await cluster.stop();
  return times;
}

/** Ends the leader, and returns the longest time without an acknowledged write until the others write without it. */
async function outageMs(
  cluster: KvCluster,
  leader: number,
  signal: EndSignal,
  acknowledgements: () => readonly Acknowledgement[],
): Promise<number> {
  const signalMs = Date.now();
  await cluster.end(leader, signal);
  const others = allServers().filter((server) => server !== leader);
  await writtenByAll(acknowledgements, Date.now(), others);
  const timesMs = acknowledgements()
    .filter(({ sentMs }) => sentMs > signalMs)
    .map(({ acknowledgedMs }) => acknowledgedMs)
    .sort((a, b) => a - b);
  const gapsMs = timesMs.map((timeMs, i) => timeMs - (timesMs[i - 1] ?? signalMs));
  return Math.round(Math.max(...gapsMs));
}

/** Waits until each of the servers has acknowledged a write that was sent after a moment. */
function writtenByAll(
  acknowledgements: () => readonly Acknowledgement[],
  sinceMs: number,
  servers: readonly number[],
): Promise<true> {
  const what = `acknowledged writes by the servers ${servers.join(" and ")}`;
  return poll(what, RECOVERY_TIMEOUT_MS, () => {
    const recent = new Set(
      acknowledgements()
        .filter(({ sentMs }) => sentMs > sinceMs)
        .map(({ server }) => server),
    );
    return servers.every((server) => recent.has(server)) ? true : undefined;
  });
}

function allServers(): number[] {
  return Array.from({ length: SERVERS }, (_, server) => server);
}
