import type { Clock } from "../../src/kv/ports.ts";

interface Timer {
  readonly atMs: number;
  /** Timers of the same moment go off in the order in which they were set. */
  readonly order: number;
  /** null: taken back. */
  callback: (() => void) | null;
}

/**
 * Time that stands still until it is told to go on. Everything that happens in a simulation is a timer of this
 * clock, so the same seed gives the same run; after each, all promises that it settled are followed to their end.
 */
export class SimulatedClock {
  private elapsedMs = 0;
  private nextOrder = 0;
  private readonly timers = new TimerHeap();

  get nowMs(): number {
    return this.elapsedMs;
  }

  /** Calls `callback` once, `delayMs` from now. Returns a function that takes it back. */
  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = {
      atMs: this.elapsedMs + Math.max(0, delayMs),
      order: this.nextOrder++,
      callback,
    };
    this.timers.push(timer);
    return () => {
      timer.callback = null;
    };
  }

  /** Lets `durationMs` pass. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.elapsedMs + durationMs;
    await followPromises();
    while (this.timers.firstMs <= untilMs) await this.step();
    this.elapsedMs = untilMs;
  }

  /**
   * Lets time pass until `condition` holds, which is looked at after each thing that happens.
   * @throws Error when it does not within `limitMs`
   */
  async until(condition: () => boolean, limitMs: number, what: string): Promise<void> {
    const untilMs = this.elapsedMs + limitMs;
    await followPromises();
    while (!condition()) {
      if (this.timers.firstMs > untilMs) throw new Error(`waited ${limitMs} ms in vain until ${what}`);
      await this.step();
    }
  }

  /** Lets time pass until `promise` is settled, and returns what it came to. */
  async complete<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled, limitMs, what);
    return promise;
  }

  private async step(): Promise<void> {
    const timer = this.timers.pop();
    this.elapsedMs = timer.atMs;
    if (timer.callback === null) return;
    timer.callback();
    await followPromises();
  }
}

/** The clock as one process sees it: it began at a moment of its own, and ends with the process. */
export class ProcessClock implements Clock {
  private readonly clock: SimulatedClock;
  private readonly startMs: number;
  private isAlive = true;

  /** @param startMs  what this clock shows now */
  constructor(clock: SimulatedClock, startMs: number) {
    this.clock = clock;
    this.startMs = startMs - clock.nowMs;
  }

  nowMs(): number {
    return this.startMs + this.clock.nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.clock.after(delayMs, () => {
      if (this.isAlive) callback();
    });
  }

  endOfTurn(callback: () => void): void {
    this.after(0, callback);
  }

  /** The process is gone: none of its timers goes off any more. */
  end(): void {
    this.isAlive = false;
  }
}

/** A turn of the real event loop: it comes when there is no promise left to be followed. */
function followPromises(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A binary heap. */
class TimerHeap {
  private readonly heap: Timer[] = [];

  /** When the next timer goes off; Infinity when there is none. */
  get firstMs(): number {
    return this.heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  push(timer: Timer): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  /** There must be one. */
  pop(): Timer {
    const { heap } = this;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.sink(last);
    return first;
  }

  private sink(timer: Timer): void {
    const { heap } = this;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, timer)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
