import type { LogIndex, RaftStatus } from "../raft/index.ts";
import type { Clock } from "./ports.ts";

export interface ReplicaCount {
  /** Servers that are known to have it on disk. */
  readonly replicas: number;
  readonly members: number;
}

interface Waiter {
  readonly index: LogIndex;
  readonly deadlineMs: number;
  readonly resolve: (count: ReplicaCount | null) => void;
}

/** Tells on how many disks a log entry is, once it is on all or the asker's patience is over. Only a leader knows. */
export class ReplicaCounter {
  private readonly status: () => RaftStatus;
  private readonly clock: Clock;
  private waiters: Waiter[] = [];
  private stopped = false;

  constructor(status: () => RaftStatus, clock: Clock) {
    this.status = status;
    this.clock = clock;
  }

  /** null: this server does not lead, or not any more. */
  count(index: LogIndex, waitMs: number): Promise<ReplicaCount | null> {
    return new Promise((resolve) => {
      this.waiters.push({ index, deadlineMs: this.clock.nowMs() + waitMs, resolve });
      this.check();
    });
  }

  /** To be called when something may have become durable somewhere, and on each tick. */
  check(): void {
    if (this.waiters.length > 0) this.settle(this.clock.nowMs());
  }

  /** The server stops: all are answered now, and whoever comes later at once. */
  stop(): void {
    this.stopped = true;
    this.check();
  }

  private settle(nowMs: number): void {
    const { role, matchIndex } = this.status();
    const matches = [...matchIndex.values()];
    this.waiters = this.waiters.filter((waiter) => {
      const replicas = matches.filter((match) => match >= waiter.index).length;
      const mayWait = !this.stopped && nowMs < waiter.deadlineMs;
      if (role === "leader" && replicas < matches.length && mayWait) return true;
      waiter.resolve(role === "leader" ? { replicas, members: matches.length } : null);
      return false;
    });
  }
}
