import type { Entry, HardState, PersistBatch } from "../../../src/raft/index.ts";
import { SimLog } from "./sim-log.ts";

/**
 * A disk on which batches become durable one by one, in order, when it is told so. A crash
 * keeps what is durable.
 */
export class SimDisk {
  hardState: HardState = { currentTerm: 0, votedFor: 0, commitIndex: 0 };
  readonly log: SimLog = new SimLog();
  /** Batches up to here are durable, as numbered by the core that runs now. */
  completedId = 0;
  readonly underWay: PersistBatch[] = [];

  write(batch: PersistBatch): void {
    this.underWay.push(batch);
  }

  /** The oldest batch under way becomes durable; `cut` entries gave way to those of the batch. */
  complete(): { batch: PersistBatch; cut: Entry[] } | undefined {
    const batch = this.underWay.shift();
    if (batch === undefined) return undefined;
    const cut = this.log.write(batch.entries);
    this.hardState = batch.hardState;
    this.completedId = batch.id;
    return { batch, cut };
  }

  /** The power went: what is under way is lost, and the next core numbers its batches anew. */
  forgetUnderWay(): void {
    this.underWay.length = 0;
    this.completedId = 0;
  }
}
