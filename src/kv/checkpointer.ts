import { logFor } from "../oncrpc/log.ts";
import type { LogIndex, Raft } from "../raft/index.ts";
import { encodeXdr } from "../xdr/index.ts";
import type { Log } from "./log/log.ts";
import type { Clock } from "./ports.ts";
import { sessionCodec } from "./session-codec.ts";
import type { StateMachine } from "./state-machine.ts";

const debug = logFor("kv:checkpointer");

/** A checkpoint is due when so much was written since the last one … */
const DUE_BYTES = 16 << 20;
/** … or anything at all was, and so long ago. */
const DUE_MS = 10_000;
/** After the disk was full. */
const RETRY_MS = 1_000;
/** So much is kept in memory when checkpoints cannot be written; then writes are refused. */
const UNCHECKPOINTED_LIMIT_BYTES = 256 << 20;
/** The log is not cut for less. */
const CUT_STEP_ENTRIES = 4_096;

export interface CheckpointerParts {
  readonly raft: Pick<Raft, "discardThrough">;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly clock: Clock;
  /** A checkpoint failed for another reason than a full disk. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Brings the state machine to disk from time to time, and cuts the log behind that.
 *
 * The log is the truth until a checkpoint is durable, so a checkpoint may fail, or the server be killed in the
 * middle of one, without loss. An entry may go from the log once it is in a checkpoint here and on the disk of
 * every member, since none of them has to ask for it any more.
 */
export class Checkpointer {
  private readonly parts: CheckpointerParts;
  private checkpointIndex: LogIndex;
  private cutIndex: LogIndex;
  private lastMs: number;
  private running: Promise<void> | null = null;
  private outOfSpace = false;

  constructor(parts: CheckpointerParts) {
    this.parts = parts;
    this.checkpointIndex = parts.machine.appliedIndex;
    this.cutIndex = parts.log.firstIndex - 1;
    this.lastMs = parts.clock.nowMs();
  }

  get isDiskFull(): boolean {
    return this.outOfSpace;
  }

  /** False: with so many bytes more, too much would be in memory alone. */
  hasRoomFor(bytes: number): boolean {
    return this.parts.machine.store.uncheckpointedBytes + bytes < UNCHECKPOINTED_LIMIT_BYTES;
  }

  /**
   * Begins a checkpoint if one is due, cuts the log if there is enough to cut.
   * @param discardIndex  every member has the log on disk up to here
   */
  consider(discardIndex: LogIndex): void {
    this.cut(Math.min(discardIndex, this.checkpointIndex));
    if (this.running === null && this.isDue()) this.begin();
  }

  /** A last checkpoint, so that the next start has nothing to apply. */
  async finish(): Promise<void> {
    await this.running;
    const { machine, log } = this.parts;
    if (machine.appliedIndex > this.checkpointIndex && log.durableIndex >= machine.appliedIndex) this.begin();
    await this.running;
  }

  private isDue(): boolean {
    const { machine, clock, log } = this.parts;
    // Ahead of its own log the store must not be: a restart would find a log that ends too early.
    if (machine.appliedIndex === this.checkpointIndex || log.durableIndex < machine.appliedIndex)
      return false;
    const elapsedMs = clock.nowMs() - this.lastMs;
    if (this.outOfSpace) return elapsedMs >= RETRY_MS;
    return machine.store.uncheckpointedBytes >= DUE_BYTES || elapsedMs >= DUE_MS;
  }

  private begin(): void {
    this.running = this.run().finally(() => {
      this.running = null;
      this.lastMs = this.parts.clock.nowMs();
    });
  }

  private async run(): Promise<void> {
    const { machine, log } = this.parts;
    const { appliedIndex, appliedTerm, logTimeMs } = machine;
    const changed = machine.sessions.takeChanged();
    try {
      const position = { logId: log.id, appliedIndex, appliedTerm, logTimeMs };
      await machine.store.checkpoint(position, this.sessionChanges(changed));
      debug("checkpoint at entry %d", appliedIndex);
      this.checkpointIndex = appliedIndex;
      this.outOfSpace = false;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOSPC") this.outOfSpace = true;
      else this.parts.onFailure(error);
    }
  }

  private sessionChanges(ids: ReadonlySet<string>): { id: Uint8Array; state: Uint8Array | null }[] {
    return [...ids].map((key) => {
      const session = this.parts.machine.sessions.get(key);
      return {
        id: Buffer.from(key, "latin1"),
        state: session === undefined ? null : encodeXdr(sessionCodec, session),
      };
    });
  }

  private cut(through: LogIndex): void {
    if (through < this.cutIndex + CUT_STEP_ENTRIES) return;
    this.cutIndex = through;
    this.parts.raft.discardThrough(through);
    void this.parts.log.discardThrough(through);
  }
}
