import { Log, type LogOptions } from "../../../src/kv/log/log.ts";
import type { Entry, EntryKind, HardState } from "../../../src/raft/types.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { SimulatedDisk } from "../../support/simulated-disk.ts";

/** Small enough for many segments in one test. */
export const SEGMENT_BYTES = 8192;

const RANDOM = {
  identifier: () => 0x1234_5678_9abc,
  bytes: (count: number) => new Uint8Array(count),
};

export function simulatedDisk(seed: number = 1): SimulatedDisk {
  return new SimulatedDisk({ random: seededRandom(seed) });
}

/** As a process does that begins now. */
export function openLog(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Promise<Log> {
  return Log.open(disk.mount(), { random: RANDOM, segmentBytes: SEGMENT_BYTES, ...options });
}

export function entry(
  index: number,
  term: number = 1,
  text: string = `entry ${index} of term ${term}`,
): Entry {
  return { index, term, kind: 1 as EntryKind, data: Buffer.from(text) };
}

/** Entries `from` to `to`, both included. */
export function entries(from: number, to: number, term: number = 1, text?: string): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => entry(from + at, term, text));
}

export function hardState(currentTerm: number, votedFor: number = 0, commitIndex: number = 0): HardState {
  return { currentTerm, votedFor, commitIndex };
}

/** Drives a log: appends, and waits until all of it is durable. */
export class Driver {
  readonly log: Log;
  failure: unknown;
  /** Batch ids as `onDurable` reported them. */
  readonly reported: number[] = [];
  private nextId = 1;
  private waiting: {
    readonly id: number;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }[] = [];

  constructor(log: Log) {
    this.log = log;
    log.onDurable = (id) => {
      this.reported.push(id);
      const done = this.waiting.filter((one) => one.id <= id);
      this.waiting = this.waiting.filter((one) => one.id > id);
      for (const one of done) one.resolve();
    };
    log.onFailure = (error) => {
      this.failure = error;
      for (const one of this.waiting) one.reject(error);
    };
  }

  /** @returns a promise that the batch is durable */
  append(batch: readonly Entry[], state: HardState | null = null): Promise<void> {
    const id = this.nextId++;
    const durable = new Promise<void>((resolve, reject) => {
      this.waiting.push({ id, resolve, reject });
    });
    this.log.append({ id, hardState: state, entries: batch });
    return durable;
  }
}

export async function openDriver(disk: SimulatedDisk, options: Partial<LogOptions> = {}): Promise<Driver> {
  return new Driver(await openLog(disk, options));
}

/** Everything the log holds, as `index/term/data`. */
export async function contentOf(log: Log): Promise<string[]> {
  const content: string[] = [];
  for (let index = log.firstIndex; index <= log.lastIndex; ) {
    const some = await log.entriesFrom(index, log.lastIndex, 1 << 20);
    for (const one of some) content.push(describe(one));
    index += some.length;
  }
  return content;
}

export function describe({ index, term, data }: Entry): string {
  return `${index}/${term}/${Buffer.from(data).toString()}`;
}
