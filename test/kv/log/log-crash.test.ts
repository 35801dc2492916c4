/**
 * The log against a model, with the power failing or the process ending at any operation of the disk.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Log } from "../../../src/kv/log/log.ts";
import type { Entry, HardState } from "../../../src/raft/types.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { SimulatedDisk } from "../../support/simulated-disk.ts";
import { contentOf, describe, entry, hardState, openLog } from "./log-harness.ts";

const RUNS = 300;
const LIVES = 5;
const STEPS = 40;

/** What the log holds according to the model: entry `firstIndex + i` at place i. */
interface State {
  readonly entries: readonly string[];
  readonly hardState: HardState;
}

/** The operations of the disk end one by one, when and in which order the test wants. */
class World {
  readonly random: () => number;
  readonly disk: SimulatedDisk;
  private pending: (() => void)[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.disk = new SimulatedDisk({ random: this.random, later: (callback) => this.pending.push(callback) });
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  /** Ends one operation. */
  async step(): Promise<void> {
    const [callback] = this.pending.splice(this.below(this.pending.length), 1);
    callback?.();
    for (let i = 0; i < 12; i++) await null;
  }

  /** Waits for `promise` with the disk at work. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const mark = (): void => {
      isDone = true;
    };
    promise.then(mark, mark);
    for (let steps = 0; !isDone; steps++) {
      if (steps > 100_000) throw new Error("the disk has nothing more to do, and the promise waits");
      await this.step();
    }
    return promise;
  }

  /** The operations under way are lost with the process. */
  forget(): void {
    this.pending = [];
  }
}

/** One life of a server: it appends at random until it ends in the middle of something. */
class Life {
  private readonly world: World;
  private readonly log: Log;
  private readonly firstIndex: number;
  /** State after batch `id`, at place id. Place 0: what was recovered. */
  readonly states: State[];
  reported = 0;
  isOver = false;

  constructor(world: World, log: Log, recovered: State) {
    this.world = world;
    this.log = log;
    this.firstIndex = log.firstIndex;
    this.states = [recovered];
    log.onDurable = (id) => {
      assert.ok(id > this.reported && id < this.states.length);
      this.reported = id;
    };
    log.onFailure = () => {
      this.isOver = true;
    };
    world.disk.onPowerLost = () => {
      this.isOver = true;
    };
  }

  async live(): Promise<void> {
    const { world } = this;
    if (world.random() < 0.7) world.disk.losePowerAt = world.disk.operations + 1 + world.below(60);
    for (let steps = 0; steps < STEPS && !this.isOver; steps++) {
      const what = world.random();
      if (what < 0.4) this.append();
      else if (what < 0.43) world.disk.failNext("EIO", "sync");
      else if (what < 0.5) this.discard();
      else await world.step();
    }
    if (!this.isOver && world.random() < 0.5) await this.comeToRest();
    world.disk.endProcess();
    world.disk.losePowerAt = Number.POSITIVE_INFINITY;
    world.forget();
  }

  /** Left alone, the log brings everything to disk. */
  private async comeToRest(): Promise<void> {
    for (let steps = 0; steps < 1000 && !this.isOver; steps++) await this.world.step();
    assert.ok(this.isOver || this.reported === this.states.length - 1, "all batches are durable in the end");
  }

  private append(): void {
    const { world, log } = this;
    const before = this.states.at(-1)!;
    const state = this.nextHardState(before.hardState);
    const batch = this.nextEntries(state.currentTerm);
    const kept =
      batch.length === 0 ? before.entries : before.entries.slice(0, batch[0]!.index - this.firstIndex);
    this.states.push({ entries: [...kept, ...batch.map(describe)], hardState: state });
    log.append({
      id: this.states.length - 1,
      hardState: world.random() < 0.9 ? state : this.saidAlready(state),
      entries: batch,
    });
  }

  /** null in place of a hard state is for one that did not change. */
  private saidAlready(state: HardState): HardState | null {
    return state === this.states.at(-2)!.hardState ? null : state;
  }

  private nextHardState(before: HardState): HardState {
    const { world, log } = this;
    const what = world.random();
    if (what < 0.15) return hardState(before.currentTerm + 1, world.below(3), before.commitIndex);
    if (what < 0.3 && before.votedFor === 0) return { ...before, votedFor: 1 + world.below(3) };
    if (what < 0.6)
      return { ...before, commitIndex: Math.min(log.lastIndex, before.commitIndex + world.below(3)) };
    return before;
  }

  private nextEntries(term: number): Entry[] {
    const { world, log } = this;
    const uncommitted = log.lastIndex - this.states.at(-1)!.hardState.commitIndex;
    const back = world.random() < 0.2 ? world.below(Math.min(uncommitted, 4) + 1) : 0;
    const from = Math.max(log.lastIndex + 1 - back, this.firstIndex);
    const prevTerm = log.termAt(from - 1);
    if (prevTerm > term) return [];
    const text = "x".repeat(world.below(world.random() < 0.2 ? 700 : 40));
    return Array.from({ length: world.below(5) }, (_, at) => entry(from + at, term, `${at}${text}`));
  }

  private discard(): void {
    const { commitIndex } = this.states.at(-1)!.hardState;
    void this.log.discardThrough(Math.min(commitIndex, this.log.durableIndex));
  }
}

/** The states in which a crash may leave the log: after any batch from the last reported one on, or in the middle of one. */
function isPossible(recovered: State, recoveredFirst: number, life: Life, lifeFirst: number): boolean {
  for (let id = life.reported; id < life.states.length; id++) {
    const state = life.states[id]!.entries.slice(recoveredFirst - lifeFirst);
    if (sameStrings(state, recovered.entries)) return true;
    const next = life.states[id + 1]?.entries.slice(recoveredFirst - lifeFirst);
    // A batch may be more than one record.
    const isPartOfNext =
      next !== undefined && sameStrings(next.slice(0, recovered.entries.length), recovered.entries);
    if (isPartOfNext) return true;
  }
  return false;
}

function sameStrings(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}

function checkHardState({ hardState: found, entries }: State, life: Life, lastIndex: number): void {
  const candidates = life.states.slice(life.reported).map((state) => state.hardState);
  const isKnown = candidates.some(
    (state) => state.currentTerm === found.currentTerm && state.votedFor === found.votedFor,
  );
  assert.ok(
    isKnown,
    `term ${found.currentTerm}, vote ${found.votedFor} is none of ${JSON.stringify(candidates)}`,
  );
  assert.ok(found.commitIndex <= lastIndex);
  const lastTerm = Number(entries.at(-1)?.split("/")[1] ?? 0);
  assert.ok(lastTerm <= found.currentTerm, "an entry is on disk before its term");
}

async function run(seed: number): Promise<void> {
  const world = new World(seed);
  const options = { segmentBytes: 2048, recordLimitBytes: 512, tailLimitBytes: world.below(2) * 1000 };
  let log = await world.finish(openLog(world.disk, options));
  let state: State = { entries: [], hardState: log.recovered.hardState };
  for (let lives = 0; lives < LIVES; lives++) {
    const lifeFirst = log.firstIndex;
    const life = new Life(world, log, state);
    await life.live();
    log = await world.finish(openLog(world.disk, options));
    state = { entries: await world.finish(contentOf(log)), hardState: log.recovered.hardState };
    assert.ok(log.firstIndex >= lifeFirst);
    assert.ok(
      isPossible(state, log.firstIndex, life, lifeFirst),
      `after batch ${life.reported} was reported`,
    );
    checkHardState(state, life, log.lastIndex);
    if (world.random() < 0.3) {
      world.disk.losePower();
      world.forget();
      log = await world.finish(openLog(world.disk, options));
      const again = await world.finish(contentOf(log));
      assert.ok(sameStrings(again, state.entries), "what was read after a restart is there after the next");
    }
  }
}

test("whatever was reported durable is there after any crash, and nothing that was not appended", async () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    try {
      await run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});

test.run();
