import type { OutgoingMessage } from "./messages.ts";
import type { Entry, HardState, LogIndex, ServerId, Term } from "./types.ts";

export type Role = "follower" | "candidate" | "leader";

/** What is to be done since the last `takeReady`. All of it is data; doing it is the owner's. */
export interface Ready {
  /** To be written in this order, batch after batch; `Raft.persisted(id)` when it is on disk. */
  readonly persist: PersistBatch | null;
  readonly messages: readonly HeldMessage[];
  /** Entries up to here are committed and may be applied. */
  readonly commitIndex: LogIndex;
  /** All members have the log on disk up to here: older entries are needed by none of them. */
  readonly discardIndex: LogIndex;
  /** Reads that may be answered once the entries up to `index` are applied. */
  readonly confirmedReads: readonly ConfirmedRead[];
  /** Reads that this server cannot confirm any more, since it no longer leads. */
  readonly refusedReads: readonly number[];
}

export interface PersistBatch {
  /** Grows by one a batch. */
  readonly id: number;
  /** As of this batch, changed or not: it costs less to repeat than to tell apart. */
  readonly hardState: HardState;
  /** In order, without gaps. The first may take the place of an older entry; all behind that one are then void. */
  readonly entries: readonly Entry[];
}

/** A message that must not leave before the batch `after` is on disk; 0: at once. */
export interface HeldMessage {
  readonly after: number;
  readonly message: OutgoingMessage;
}

export interface ConfirmedRead {
  readonly id: number;
  readonly index: LogIndex;
}

/** What a proposal came to. */
export type ProposeResult =
  | { readonly outcome: "accepted"; readonly firstIndex: LogIndex; readonly term: Term }
  | { readonly outcome: "notLeader"; readonly leader: ServerId }
  /** Leadership is being handed over; there will be another leader in a moment. */
  | { readonly outcome: "transferring" }
  /** More is uncommitted than `uncommittedBytesLimit` allows. */
  | { readonly outcome: "busy" };

/** A view of the server for people and metrics. */
export interface RaftStatus {
  readonly id: ServerId;
  readonly role: Role;
  readonly term: Term;
  readonly leader: ServerId;
  readonly lastIndex: LogIndex;
  readonly commitIndex: LogIndex;
  /** What the leader knows to be on each member's disk; empty on other servers. */
  readonly matchIndex: ReadonlyMap<ServerId, LogIndex>;
}
