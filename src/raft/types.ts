/** A server of the cluster: a positive integer, the `--id` it was started with. */
export type ServerId = number;

/** Position in the replicated log. The first entry has index 1; 0 is the position before it. */
export type LogIndex = number;

export type Term = number;

export const EntryKind = { NOOP: 0, COMMAND: 1 } as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

/** One entry of the replicated log. Its data mean nothing to the consensus core. */
export interface Entry {
  readonly index: LogIndex;
  readonly term: Term;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/**
 * What a server must never forget (figure 2 of the Raft paper: persistent state).
 * Term and vote are one record, so that no crash can keep one and lose the other.
 */
export interface HardState {
  readonly currentTerm: Term;
  /** For whom this server voted in `currentTerm`; 0: for nobody. */
  readonly votedFor: ServerId;
  /** How far the log was known to be committed. A help at restart, not a promise: it may lag. */
  readonly commitIndex: LogIndex;
}
