import type { HeldMessage, OutgoingMessage } from "../raft/index.ts";

/**
 * Messages on their way out, each held back until what it depends on is on disk.
 * A message that waits does not hold up one that need not.
 */
export class Outbox {
  private readonly send: (message: OutgoingMessage) => void;
  private held: HeldMessage[] = [];
  private persistedId = 0;

  constructor(send: (message: OutgoingMessage) => void) {
    this.send = send;
  }

  post(messages: readonly HeldMessage[]): void {
    for (const held of messages) {
      if (held.after <= this.persistedId) this.send(held.message);
      else this.held.push(held);
    }
  }

  /** All batches up to `batchId` are on disk. */
  persisted(batchId: number): void {
    this.persistedId = batchId;
    if (this.held.length === 0) return;
    const waiting = this.held;
    this.held = [];
    this.post(waiting);
  }
}
