import type { SimulatedClient } from "./simulated-client.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import { SimulatedHistory } from "./simulated-history.ts";

const KEYS = 4;
const PAUSE_MAX_MS = 30;
const TRY_TIMEOUT_MIN_MS = 300;
const TRY_TIMEOUT_MAX_MS = 3_000;

/** Clients that read and write a few keys through all servers, until they are told to stop. */
export class SimulatedWorkload {
  readonly history: SimulatedHistory = new SimulatedHistory();
  private readonly cluster: SimulatedCluster;
  private readonly clients: Promise<void>[];
  private isOver = false;
  private values = 0;

  constructor(cluster: SimulatedCluster, clients: number) {
    this.cluster = cluster;
    this.clients = Array.from({ length: clients }, () => this.run(cluster.client()));
  }

  /** Resolves when all have an answer to what they asked last. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.clients);
  }

  private async run(client: SimulatedClient): Promise<void> {
    const { random, clock } = this.cluster;
    client.history = this.history;
    client.tryTimeoutMs = TRY_TIMEOUT_MIN_MS + random() * (TRY_TIMEOUT_MAX_MS - TRY_TIMEOUT_MIN_MS);
    while (!this.isOver) {
      await this.operate(client);
      await new Promise<void>((resolve) => {
        clock.after(random() * PAUSE_MAX_MS, resolve);
      });
    }
  }

  private async operate(client: SimulatedClient): Promise<void> {
    const { random, servers } = this.cluster;
    const key = `k${Math.floor(random() * KEYS)}`;
    const at = 1 + Math.floor(random() * servers.length);
    const dice = random();
    if (dice < 0.35) {
      await client.put(key, this.nextValue());
    } else if (dice < 0.45) {
      await client.put(key, this.nextValue(), { session: false });
    } else if (dice < 0.55) {
      await client.delete(key);
    } else if (dice < 0.65) {
      const seen = await client.get(key, { at });
      if (seen.kind === "ok") await client.put(key, this.nextValue(), { ifRevision: seen.modRevision });
    } else {
      await client.get(key, { at, serializable: random() < 0.2 });
    }
  }

  /** Never the same twice, so that a value tells the write it came from. */
  private nextValue(): string {
    this.values += 1;
    return `v${this.values}`;
  }
}
