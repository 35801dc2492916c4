import type { KvClient } from "../../kv/client/kv-client.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

export type LoadOperation = "put" | "get";

export interface LoadPlan {
  readonly operation: LoadOperation;
  /** Callers, each with one call under way at a time. */
  readonly clients: number;
  /** Calls in all. */
  readonly total: number;
  /** Bytes in a value. */
  readonly valueSize: number;
  /** Different keys: puts go through them in turn, gets take one at random. */
  readonly keySpace: number;
}

/** All keys that a load writes begin so. */
export const LOAD_KEY_PREFIX = "bench/";

/**
 * A closed loop: each of many callers makes its next call when its last one has come back. Callers are spread
 * evenly over the connections.
 */
export class Load {
  readonly latencies: LatencyHistogram = new LatencyHistogram();
  private readonly plan: LoadPlan;
  private readonly connections: readonly KvClient[];
  private readonly value: Buffer;
  private started = 0;
  private errorCount = 0;
  private errorsInARow = 0;
  private missCount = 0;
  private lastError: Error | undefined;
  private startedMs = 0;
  private endedMs: number | undefined;

  constructor(plan: LoadPlan, connections: readonly KvClient[]) {
    this.plan = plan;
    this.connections = connections;
    this.value = Buffer.alloc(plan.valueSize, "sundial ");
  }

  /** Calls that succeeded, or that failed. */
  get finished(): number {
    return this.latencies.count + this.errorCount;
  }

  get errors(): number {
    return this.errorCount;
  }

  /** Keys that were read and did not exist. */
  get misses(): number {
    return this.missCount;
  }

  /** Why calls failed, if any did. */
  get problem(): Error | undefined {
    return this.lastError;
  }

  get seconds(): number {
    return ((this.endedMs ?? performance.now()) - this.startedMs) / 1000;
  }

  /** Successful calls a second so far. */
  get opsPerSecond(): number {
    return this.seconds > 0 ? this.latencies.count / this.seconds : 0;
  }

  /** Resolves when all calls are done, or when so many in a row have failed that the rest would too. */
  async run(): Promise<void> {
    this.startedMs = performance.now();
    const { connections } = this;
    const callers = Array.from({ length: this.plan.clients }, (_, caller) =>
      this.runCaller(connections[caller % connections.length]!),
    );
    await Promise.all(callers);
    this.endedMs = performance.now();
  }

  private async runCaller(kv: KvClient): Promise<void> {
    while (this.started < this.plan.total && this.errorsInARow < this.plan.clients) {
      const call = this.started;
      this.started += 1;
      const beganMs = performance.now();
      try {
        const result = await this.begin(kv, call);
        if (result === undefined) this.missCount += 1;
        this.latencies.record(performance.now() - beganMs);
        this.errorsInARow = 0;
      } catch (error) {
        this.errorCount += 1;
        this.errorsInARow += 1;
        this.lastError = error as Error;
      }
    }
  }

  private begin(kv: KvClient, call: number): Promise<unknown> {
    const { operation, keySpace } = this.plan;
    if (operation === "put") return kv.put(loadKey(call % keySpace), this.value);
    return kv.get(loadKey(Math.floor(Math.random() * keySpace)));
  }
}

function loadKey(number: number): string {
  return `${LOAD_KEY_PREFIX}${String(number).padStart(8, "0")}`;
}
