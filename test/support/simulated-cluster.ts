import type { KvLimits } from "../../src/kv/kv-service.ts";
import type { LogOptions } from "../../src/kv/log/log.ts";
import { seededRandom } from "./seeded-random.ts";
import { SimulatedClient } from "./simulated-client.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { SimulatedNetwork } from "./simulated-network.ts";
import { type ServerTimes, SimulatedServer } from "./simulated-server.ts";
import { SimulatedWitness } from "./simulated-witness.ts";

export interface SimulatedClusterOptions {
  readonly servers?: number;
  readonly seed?: number;
  readonly times?: Partial<ServerTimes>;
  readonly limits?: Partial<KvLimits>;
  readonly log?: Omit<LogOptions, "random">;
  /** Between the starts of the servers. Default: all at once. */
  readonly startEveryMs?: number;
}

export const TIMES: ServerTimes = { heartbeatMs: 50, electionTimeoutMs: 300, requestTimeoutMs: 2_000 };

/** In which time a healthy majority has a leader, and what is asked of it is done. */
export const PATIENCE_MS = 20_000;

/** A cluster in one thread, on a simulated clock, network and disks. The same seed gives the same run. */
export class SimulatedCluster {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly network: SimulatedNetwork;
  readonly servers: readonly SimulatedServer[];
  /** Sees all that is applied, and complains where two servers, or two lives of one, do not agree. */
  readonly witness: SimulatedWitness = new SimulatedWitness();
  readonly random: () => number;
  private clients = 0;

  /** A cluster whose servers run and know each other, but have no leader yet. */
  static async start(options: SimulatedClusterOptions = {}): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(options);
    for (const server of cluster.servers) {
      await cluster.startServer(server);
      await cluster.advance(options.startEveryMs ?? 0);
    }
    return cluster;
  }

  private constructor(options: SimulatedClusterOptions) {
    const { clock } = this;
    const random = seededRandom(options.seed ?? 1);
    this.random = random;
    const network = new SimulatedNetwork(clock, random);
    this.network = network;
    const ids = Array.from({ length: options.servers ?? 3 }, (_, at) => at + 1);
    this.servers = ids.map(
      (id) =>
        new SimulatedServer({
          id,
          clock,
          network,
          random,
          times: { ...TIMES, ...options.times },
          limits: { valueBytes: 1 << 20, rangeBytes: 1 << 20, ...options.limits },
          log: { segmentBytes: 1 << 16, ...options.log },
          onOpen: (server, machine) => this.witness.watch(server.id, machine),
        }),
    );
  }

  get running(): SimulatedServer[] {
    return this.servers.filter((server) => server.isUp);
  }

  /** Of the highest term; undefined: there is none. */
  get leader(): SimulatedServer | undefined {
    const leaders = this.running.filter((server) => server.isLeader);
    return leaders.sort((a, b) => b.node.status.term - a.node.status.term)[0];
  }

  server(id: number): SimulatedServer {
    return this.servers[id - 1]!;
  }

  /** Those that do not lead. */
  followers(): SimulatedServer[] {
    return this.servers.filter((server) => server !== this.leader);
  }

  /** Starts a process of the server, as far as it gets. */
  startServer(server: SimulatedServer): Promise<void> {
    const others = this.servers.filter((other) => other !== server);
    const peers = others.map(({ id, address }) => ({ server: id, incarnation: 0, address }));
    return this.complete(server.start(peers), `server ${server.id} has started`);
  }

  /** Waits for a leader that all servers which run follow. */
  async elect(): Promise<SimulatedServer> {
    await this.until(() => {
      const { leader, running } = this;
      return leader !== undefined && running.every((server) => server.node.status.leader === leader.id);
    }, "all follow one leader");
    return this.leader!;
  }

  /** Waits until all servers that run have applied the same entries, and all there are. */
  async converge(): Promise<void> {
    await this.elect();
    await this.until(() => {
      const { leader, running } = this;
      const last = leader?.node.status.lastIndex;
      return running.every((server) => server.machine.appliedIndex === last);
    }, "all have applied all");
  }

  /** Cuts a server off from the others; its clients still reach it. */
  isolate(server: SimulatedServer): void {
    const others = this.servers.filter((other) => other !== server).map((other) => other.address);
    this.network.part([server.address], others);
  }

  client(): SimulatedClient {
    this.clients += 1;
    const host = this.network.host(`client${this.clients}`);
    return new SimulatedClient(this.clients, host, this.clock, this.random, this.servers.length);
  }

  advance(durationMs: number): Promise<void> {
    return this.clock.advance(durationMs);
  }

  until(condition: () => boolean, what: string, limitMs: number = PATIENCE_MS): Promise<void> {
    return this.clock.until(condition, limitMs, what);
  }

  complete<T>(promise: Promise<T>, what: string, limitMs: number = PATIENCE_MS): Promise<T> {
    return this.clock.complete(promise, limitMs, what);
  }
}
