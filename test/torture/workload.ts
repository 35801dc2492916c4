import { type KvClient, KvConflictError, KvUnavailableError, KvUncertainError } from "../../src/kv/index.ts";
import { History, type WriteReport } from "./history.ts";

const COUNTERS = 16;
/** Every so many rounds the value is large, so that segments of the log fill up and checkpoints become due. */
const LARGE_ROUNDS = 8;
const LARGE_BYTES = 64 << 10;

/**
 * Clients that write without a pause, and note what they are told. Each in turn puts a value to a key that nobody
 * else writes, and raises one of a few counters that all share: reads it, and writes one more under the condition
 * that it has not changed since.
 */
export class Workload {
  readonly history: History = new History();
  private readonly workers: Promise<void>[] = [];
  private stopped = false;
  private failure: unknown;

  /** @param clients  one a worker; the same one may be given to several */
  constructor(clients: readonly KvClient[]) {
    clients.forEach((client, worker) => {
      const running = this.work(client, worker).catch((error: unknown) => {
        this.failure ??= error;
      });
      this.workers.push(running);
    });
  }

  get acknowledged(): number {
    if (this.failure !== undefined) throw this.failure;
    return this.history.acknowledged;
  }

  /** Lets each worker finish what it has begun. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
    if (this.failure !== undefined) throw this.failure;
  }

  private async work(client: KvClient, worker: number): Promise<void> {
    for (let round = 1; !this.stopped; round++) {
      await this.put(client, `put/${worker}/${round}`, textOf(worker, round));
      await this.increment(client, `counter/${(worker * 7 + round) % COUNTERS}`);
    }
  }

  private async put(client: KvClient, key: string, value: string): Promise<void> {
    const report = await reportOf(client.put(key, value));
    this.history.notePut(key, value, report);
  }

  /** Tries until nobody else was quicker; gives up when it cannot know. */
  private async increment(client: KvClient, key: string): Promise<void> {
    for (;;) {
      const floor = this.history.counter(key).highest;
      const pair = await readOrNothing(client, key);
      if (pair === undefined) return;
      this.history.noteRead(key, pair.value, floor);
      const next = pair.value + 1;
      try {
        const report = await reportOf(client.put(key, String(next), { ifRevision: pair.modRevision }));
        this.history.noteIncrement(key, next, report);
        return;
      } catch (error) {
        if (!(error instanceof KvConflictError)) throw error;
      }
    }
  }
}

function textOf(worker: number, round: number): string {
  const text = `${worker} put this in round ${round}. `;
  return round % LARGE_ROUNDS === 0 ? text.repeat(LARGE_BYTES / text.length) : text;
}

async function reportOf(write: Promise<{ revision: number }>): Promise<WriteReport> {
  try {
    const { revision } = await write;
    return { kind: "acknowledged", revision };
  } catch (error) {
    if (error instanceof KvUncertainError) return { kind: "uncertain" };
    if (error instanceof KvUnavailableError) return { kind: "refused" };
    throw error;
  }
}

/** Undefined: it cannot be read now. */
async function readOrNothing(
  client: KvClient,
  key: string,
): Promise<{ value: number; modRevision: number } | undefined> {
  try {
    const pair = await client.get(key);
    if (pair === undefined) return { value: 0, modRevision: 0 };
    return { value: Number(pair.value.toString()), modRevision: pair.modRevision };
  } catch (error) {
    if (error instanceof KvUnavailableError) return undefined;
    throw error;
  }
}
