import type { RandomRun } from "./random-run.ts";
import type { SimServer } from "./sim-server.ts";

/** Election time-outs within which a healed cluster must have done what is asked of it. */
const PATIENCE_IN_ELECTIONS = 12;

/** A healed cluster did not do what it must. */
export class LivenessViolation extends Error {
  override readonly name: string = "LivenessViolation";
}

/**
 * The weather clears up: all servers run, nothing is lost, disks are quick. Then all servers must come to have
 * the same log without further ado, a proposal must be committed, every read must be answered, and leadership can be
 * handed over.
 */
export function recover(run: RandomRun): void {
  const { cluster } = run;
  cluster.network.heal();
  for (const server of cluster.servers) {
    if (!server.isUp) server.start();
    server.reportWrites();
  }
  within(run, "all servers have the same log, all of it committed", () => hasConverged(run));
  commitSomething(run);
  const open = [...run.invariants.openReads.keys()];
  if (open.length > 0) throw new LivenessViolation(`reads ${open.join(", ")} were never answered`);
  handOver(run);
}

/** Proposes to whoever leads, and again when another takes over before the proposal is committed. */
function commitSomething(run: RandomRun): void {
  let proposed = { index: 0, term: 0 };
  within(run, "a proposal is committed", () => {
    const leader = run.cluster.leader;
    if (leader === undefined) return false;
    if (leader.raft.term === proposed.term) return leader.commitIndex >= proposed.index;
    const result = run.propose(leader, 1);
    if (result.outcome === "accepted") proposed = { index: result.firstIndex, term: result.term };
    return false;
  });
}

function hasConverged(run: RandomRun): boolean {
  const { servers } = run.cluster;
  const last = run.cluster.leader?.log.lastIndex ?? 0;
  return servers.every(
    (server) =>
      server.commitIndex === last &&
      server.log.lastIndex === last &&
      server.disk.log.lastIndex === last &&
      server.heldCount === 0,
  );
}

function handOver(run: RandomRun): void {
  const target = run.dice.pick(run.cluster.servers);
  within(run, `leadership goes to server ${target.id}`, () => {
    const leader = run.cluster.leader;
    if (leader === target) return true;
    if (leader !== undefined && !leader.raft.isTransferring) leader.transferLeadership(target.id);
    return false;
  });
}

function within(run: RandomRun, what: string, isSo: () => boolean): void {
  const { cluster } = run;
  const limitTicks = PATIENCE_IN_ELECTIONS * run.weather.config.electionTicks!;
  cluster.settle();
  for (let ticks = 0; !isSo(); ticks++) {
    if (ticks > limitTicks) {
      const servers = cluster.servers.map(describe).join("; ");
      throw new LivenessViolation(`not within ${limitTicks} ticks after healing: ${what} (${servers})`);
    }
    cluster.run(1);
  }
}

function describe(server: SimServer): string {
  const { raft, log } = server;
  return `${server.id}: ${raft.role} of term ${raft.term}, log to ${log.lastIndex}, committed ${server.commitIndex}`;
}
