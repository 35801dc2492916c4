import {
  RAFT_APPEND,
  RAFT_PROGRAM,
  RAFT_READ_INDEX,
  RAFT_TIMEOUT_NOW,
  RAFT_VOTE,
} from "../../src/kv/gen/raft.ts";
import { CheckpointError } from "../../src/kv/store/errors.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { CALM } from "./simulated-network.ts";
import type { SimulatedServer } from "./simulated-server.ts";

/** What may come twice without harm, by the algorithm. */
const DUPLICABLE: ReadonlySet<number> = new Set([
  RAFT_APPEND.proc,
  RAFT_READ_INDEX.proc,
  RAFT_TIMEOUT_NOW.proc,
  RAFT_VOTE.proc,
]);

const TROUBLE_MAX_MS = 2_000;
const PEACE_MAX_MS = 1_500;
/** Disks that take their time have more to lose when the power fails. */
const DISK_MIN_MS = 0.1;
const DISK_SPREAD_MS = 8;

/** Everything that a cluster must survive, one trouble after the other, and some at once. */
export class SimulatedTrouble {
  private readonly cluster: SimulatedCluster;
  private readonly troubles: readonly ((victim: SimulatedServer) => void | Promise<void>)[] = [
    (victim) => victim.crash("power"),
    (victim) => victim.crash("process"),
    (victim) => this.stop(victim),
    (victim) => this.cluster.isolate(victim),
    (victim) => this.cutOneWay(victim),
    (victim) => this.fallApart(victim),
    (victim) => this.slowDown(victim),
    (victim) => this.hang(victim),
    (victim) => this.failCheckpoint(victim),
    () => this.losePowerEverywhere(),
    () => this.losePowerEverywhere(),
  ];

  constructor(cluster: SimulatedCluster) {
    this.cluster = cluster;
    cluster.network.mayDuplicate = ({ prog, proc }) => prog === RAFT_PROGRAM && DUPLICABLE.has(proc);
  }

  /** A trouble or two for a while, and then some peace. */
  async round(): Promise<void> {
    this.changeWeather();
    await this.strike();
    if (this.oneIn(3)) {
      await this.cluster.advance(this.below(TROUBLE_MAX_MS / 2));
      await this.strike();
    }
    await this.cluster.advance(this.below(TROUBLE_MAX_MS));
    await this.repair();
    await this.cluster.advance(this.below(PEACE_MAX_MS));
  }

  /** The end of all troubles. */
  async end(): Promise<void> {
    this.cluster.network.weather = CALM;
    await this.repair();
  }

  private async strike(): Promise<void> {
    const { running } = this.cluster;
    const victim = running[this.below(running.length)];
    if (victim !== undefined) await this.troubles[this.below(this.troubles.length)]!(victim);
  }

  private async repair(): Promise<void> {
    const { cluster } = this;
    cluster.network.heal();
    for (const server of cluster.servers) {
      server.recoverDisk(DISK_MIN_MS + cluster.random() * DISK_SPREAD_MS);
      if (!server.isUp) await cluster.startServer(server);
    }
  }

  private changeWeather(): void {
    const { network, random } = this.cluster;
    const storm = {
      minDelayMs: 0.1,
      maxDelayMs: 1 + this.below(30),
      lostShare: random() * 0.1,
      duplicatedShare: random() * 0.2,
    };
    network.weather = this.oneIn(2) ? CALM : storm;
  }

  private async stop(victim: SimulatedServer): Promise<void> {
    // It would wait for its disk, with nothing left for it to do.
    victim.recoverDisk();
    await this.cluster.complete(victim.stop(), "it has stopped");
  }

  private cutOneWay(victim: SimulatedServer): void {
    const { servers, network } = this.cluster;
    for (const other of servers) {
      if (other === victim || this.oneIn(2)) continue;
      if (this.oneIn(2)) network.cut(victim.address, other.address);
      else network.cut(other.address, victim.address);
    }
  }

  private fallApart(victim: SimulatedServer): void {
    const others = this.cluster.servers.filter((server) => server !== victim);
    const half = Math.floor(others.length / 2);
    const addresses = others.map(({ address }) => address);
    this.cluster.network.part([victim.address, ...addresses.slice(0, half)], addresses.slice(half));
  }

  private slowDown(victim: SimulatedServer): void {
    victim.diskDelayMs = 5 + this.below(300);
  }

  private hang(victim: SimulatedServer): void {
    victim.diskDelayMs = Number.POSITIVE_INFINITY;
  }

  private failCheckpoint(victim: SimulatedServer): void {
    victim.records.failNextCommit(new CheckpointError("ENOSPC", "no space left on device"));
  }

  private losePowerEverywhere(): void {
    for (const server of this.cluster.running) server.crash("power");
  }

  private oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  private below(limit: number): number {
    return Math.floor(this.cluster.random() * limit);
  }
}
