import type { Entry, HardState, Message, RaftConfig, ServerId } from "../../../src/raft/index.ts";
import * as currentModule from "../../../src/raft/index.ts";
import { Network } from "./network.ts";
import type { Observer } from "./observer.ts";
import type { RaftModule } from "./raft-module.ts";
import { SimServer } from "./sim-server.ts";

export interface ClusterOptions {
  readonly servers: number;
  readonly seed?: number;
  readonly config?: Partial<RaftConfig>;
  readonly module?: RaftModule;
  readonly observers?: readonly Observer[];
  /** What servers find on their disks when they start first. */
  readonly disks?: ReadonlyMap<
    ServerId,
    { readonly hardState: HardState; readonly entries: readonly Entry[] }
  >;
}

/** Servers, their disks and the network between them. Nothing happens by itself, and everything happens in a known order. */
export class Cluster {
  readonly servers: readonly SimServer[];
  readonly network: Network = new Network();

  constructor(options: ClusterOptions) {
    const module = options.module ?? currentModule;
    const members = Array.from({ length: options.servers }, (_, i) => i + 1);
    this.servers = members.map((id) => {
      const config: RaftConfig = {
        id,
        members,
        heartbeatTicks: 2,
        electionTicks: 10,
        seed: (options.seed ?? 0) * 64 + id,
        ...module.DEFAULT_LIMITS,
        ...options.config,
      };
      return new SimServer(config, module, options.observers ?? [], (message) => this.network.post(message));
    });
    for (const [id, disk] of options.disks ?? []) {
      const server = this.server(id);
      server.disk.hardState = disk.hardState;
      server.disk.log.write(disk.entries);
    }
    for (const server of this.servers) server.start();
  }

  server(id: ServerId): SimServer {
    const server = this.servers[id - 1];
    if (server === undefined) throw new Error(`there is no server ${id}`);
    return server;
  }

  get running(): SimServer[] {
    return this.servers.filter((server) => server.isUp);
  }

  /** The leader of the highest term. */
  get leader(): SimServer | undefined {
    const leaders = this.running.filter((server) => server.raft.role === "leader");
    return leaders.sort((a, b) => b.raft.term - a.raft.term)[0];
  }

  tick(times: number = 1): void {
    for (let i = 0; i < times; i++) for (const server of this.running) server.tick();
  }

  /** A message arrives, unless its way is cut or its receiver down. Returns whether it did. */
  arrive(message: Message): boolean {
    const receiver = this.server(message.to);
    if (!receiver.isUp || this.network.isCut(message.from, message.to)) return false;
    receiver.receive(message);
    return true;
  }

  /** Takes the oldest message that `wanted` picks off the network and lets it arrive; false when there is none. */
  deliver(wanted: (message: Message) => boolean = () => true): boolean {
    const message = this.network.find(wanted);
    if (message === undefined) return false;
    this.arrive(message);
    return true;
  }

  /** Writes and deliveries, until there is nothing left to write or to deliver. */
  settle(): void {
    let isBusy = true;
    while (isBusy) {
      isBusy = false;
      for (const server of this.running) {
        if (server.isDirty) server.takeReady();
        while (server.completeWrite()) isBusy = true;
      }
      while (this.deliver()) isBusy = true;
    }
  }

  /** Ticks of all servers, each with all that follows from it. */
  run(ticks: number): void {
    for (let i = 0; i < ticks; i++) {
      this.tick();
      this.settle();
    }
  }

  /** Lets only server `id` wait until its patience ends, and then all that follows happen. */
  elect(id: ServerId): SimServer {
    const server = this.server(id);
    while (server.raft.role === "follower") server.tick();
    this.settle();
    if (server.raft.role !== "leader") throw new Error(`server ${id} was not elected`);
    return server;
  }

  /** Cuts a server off, in both directions. */
  isolate(id: ServerId): void {
    for (const other of this.servers) {
      if (other.id === id) continue;
      this.network.cut(id, other.id);
      this.network.cut(other.id, id);
    }
  }
}
