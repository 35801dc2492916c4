import type { Entry, LogIndex, ServerId, Term } from "./types.ts";

/**
 * What servers send each other (figure 2 of the Raft paper; ReadIndex rounds and pre-vote are additions).
 *
 * Requests and responses are paired by whoever carries them: a response goes back with the `replyTo` of its
 * request, a number that means nothing here. A request that will get no answer is reported to the sender by
 * `Raft.unreachable`.
 */
export type Message = VoteRequest | VoteResponse | AppendRequest | AppendResponse | TimeoutNow;

interface Envelope {
  readonly from: ServerId;
  readonly to: ServerId;
  readonly term: Term;
}

/** RequestVote (§5.2, §5.4.1). */
export interface VoteRequest extends Envelope {
  readonly kind: "voteRequest";
  readonly replyTo: number;
  readonly lastIndex: LogIndex;
  readonly lastTerm: Term;
  /** Asks whether the vote *would* be given in `term`; nobody's state changes (dissertation §9.6). */
  readonly preVote: boolean;
  /** The leader asked for this election, so its lease does not stand against it (dissertation §3.10). */
  readonly transfer: boolean;
}

export interface VoteResponse extends Envelope {
  readonly kind: "voteResponse";
  readonly replyTo: number;
  readonly preVote: boolean;
  readonly granted: boolean;
}

interface AppendHeader extends Envelope {
  readonly kind: "appendRequest";
  readonly replyTo: number;
  readonly prevIndex: LogIndex;
  readonly prevTerm: Term;
  readonly commitIndex: LogIndex;
  /** All members have the log on disk up to here. */
  readonly discardIndex: LogIndex;
  /** Numbers the leader's heartbeats within its term; an answer shows that it led when it sent this round. */
  readonly round: number;
}

/** AppendEntries as a follower receives it (§5.3). Without entries it is a heartbeat. */
export interface AppendRequest extends AppendHeader {
  readonly entries: readonly Entry[];
}

/**
 * AppendEntries as the leader's core sends it: which entries go, not what is in them. The owner of the log adds
 * the data, from memory or from disk: `prevIndex + 1` to `lastIndex`. When this server is no longer in `term` by then,
 * the message must not be sent: other entries may stand there now.
 */
export interface AppendDirective extends AppendHeader {
  readonly lastIndex: LogIndex;
}

export interface AppendResponse extends Envelope {
  readonly kind: "appendResponse";
  readonly replyTo: number;
  readonly success: boolean;
  /** `prevIndex` of the request. */
  readonly prevIndex: LogIndex;
  /**
   * success: the follower's log equals the leader's, and is on disk, up to here. (Where the follower goes on to a later
   * term before the entries are written, they may never be: its answer still arrives, but no majority can complete it.)
   */
  readonly matchIndex: LogIndex;
  /** failure: the logs cannot match behind this index of the follower (not before `prevIndex`: they were not compared) … */
  readonly hintIndex: LogIndex;
  /** … and its entry there is of this term. */
  readonly hintTerm: Term;
  readonly round: number;
}

/** The leader asks the receiver to stand for election at once (dissertation §3.10). No answer. */
export interface TimeoutNow extends Envelope {
  readonly kind: "timeoutNow";
}

export type OutgoingMessage = VoteRequest | VoteResponse | AppendDirective | AppendResponse | TimeoutNow;
