import type { Entry, HeldMessage, Message, PersistBatch, Ready } from "../../../src/raft/index.ts";
import type { SimServer } from "./sim-server.ts";

/** Is told what the servers of a simulated cluster do: to check it, to count it, or to write it down. */
export interface Observer {
  /** From its disk; for the first time or again. */
  started(server: SimServer): void;
  crashed(server: SimServer): void;
  /** The server did what `ready` says; `cut` entries had to give way to those of the batch. */
  settled(server: SimServer, ready: Ready, cut: readonly Entry[]): void;
  /** A message waits for a batch that is not on disk. */
  held(server: SimServer, held: HeldMessage): void;
  /** A message leaves the server. */
  sent(server: SimServer, message: Message): void;
  /** A batch became durable; `cut` entries of the durable log gave way to it. */
  completed(server: SimServer, batch: PersistBatch, cut: readonly Entry[]): void;
  /** The core took a read. */
  asked(server: SimServer, id: number): void;
}
