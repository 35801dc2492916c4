import type { Message, PersistBatch, ServerId } from "../../../src/raft/index.ts";
import type { Cluster } from "./cluster.ts";

export interface Latency {
  readonly networkTicks: number;
  /** Of each server's disk. */
  readonly diskTicks: (id: ServerId) => number;
}

/** Lets a cluster run with disks and a network that take their time. */
export class LatentCluster {
  private readonly cluster: Cluster;
  private readonly latency: Latency;
  private now = 0;
  /** When each message and each batch was first seen. */
  private readonly seenAt = new Map<Message | PersistBatch, number>();

  constructor(cluster: Cluster, latency: Latency) {
    this.cluster = cluster;
    this.latency = latency;
  }

  /** Ticks until `isSo`; returns how many it took, or `limitTicks` when it did not come to that. */
  runUntil(isSo: () => boolean, limitTicks: number): number {
    for (let ticks = 0; ticks < limitTicks; ticks++) {
      if (isSo()) return ticks;
      this.tick();
    }
    return limitTicks;
  }

  tick(): void {
    this.now += 1;
    this.cluster.tick();
    const { networkTicks, diskTicks } = this.latency;
    for (let isBusy = true; isBusy; ) {
      isBusy = false;
      for (const server of this.cluster.running) {
        while (this.isDue(server.disk.underWay[0], diskTicks(server.id))) isBusy = server.completeWrite();
      }
      while (this.cluster.deliver((message) => this.isDue(message, networkTicks))) isBusy = true;
    }
  }

  private isDue(what: Message | PersistBatch | undefined, ticks: number): boolean {
    if (what === undefined) return false;
    const seenAt = this.seenAt.get(what);
    if (seenAt === undefined) this.seenAt.set(what, this.now);
    return this.now - (seenAt ?? this.now) >= ticks;
  }
}
