import { invariant } from "./invariant.ts";
import type { ServerId } from "./types.ts";

/** What a server is told when it starts. Times are in ticks: the owner decides how long a tick is. */
export interface RaftConfig {
  readonly id: ServerId;
  /** All servers that vote, this one included. */
  readonly members: readonly ServerId[];
  /** A leader without other business sends a heartbeat so often. */
  readonly heartbeatTicks: number;
  /** A follower that hears nothing for between one and two times so long stands for election. */
  readonly electionTicks: number;
  /** Seed of the random election time-outs; servers of a cluster should have different ones. */
  readonly seed: number;
  /** Bytes of entry data in one AppendEntries; a larger single entry still goes, alone. */
  readonly messageBytesLimit: number;
  /** Entries in one AppendEntries. */
  readonly messageEntriesLimit: number;
  /** AppendEntries with entries that may be on their way to one follower. */
  readonly inflightMessagesLimit: number;
  /** Bytes of entry data that may be on their way to one follower. */
  readonly inflightBytesLimit: number;
  /** Bytes of entry data that a leader takes on before earlier ones are committed. */
  readonly uncommittedBytesLimit: number;
}

export const DEFAULT_LIMITS: Pick<
  RaftConfig,
  | "messageBytesLimit"
  | "messageEntriesLimit"
  | "inflightMessagesLimit"
  | "inflightBytesLimit"
  | "uncommittedBytesLimit"
> = {
  messageBytesLimit: 1 << 20,
  messageEntriesLimit: 16_384,
  inflightMessagesLimit: 256,
  inflightBytesLimit: 8 << 20,
  uncommittedBytesLimit: 64 << 20,
};

export function checkConfig(config: RaftConfig): void {
  invariant(
    Number.isSafeInteger(config.id) && config.id > 0,
    `server id ${config.id} is not a positive integer`,
  );
  invariant(config.members.includes(config.id), `server ${config.id} is not among the members`);
  invariant(new Set(config.members).size === config.members.length, "a member is named twice");
  invariant(config.heartbeatTicks >= 1, "heartbeatTicks is below 1");
  invariant(config.electionTicks > config.heartbeatTicks, "electionTicks does not exceed heartbeatTicks");
}
