/**
 * The Raft consensus algorithm as a pure state machine.
 *
 * Sources: D. Ongaro and J. Ousterhout, "In Search of an Understandable Consensus Algorithm (Extended Version)"
 * (sections are cited as §n) and D. Ongaro's dissertation "Consensus: Bridging Theory and Practice" (cited as such).
 *
 * A map of the files, in the order in which to read them:
 *
 *   types, messages, ready   the vocabulary: entries, what servers say to each other, what the owner has to do
 *   raft                     the door: inputs in, Ready out
 *   server-state             what every server has (figure 2)
 *   election                 how a leader comes to be (§5.2, §5.4.1; pre-vote)
 *   leadership, progress     how it replicates, commits (§5.3, §5.4) and keeps to its majority
 *   append-entries           how a follower follows
 *   read-index               reads without log entries (dissertation §6.4)
 *   leader-transfer          handing over (dissertation §3.10)
 *   durability               what a message has to wait for
 *   log-positions            terms and sizes of the log, which is all that the core needs of it
 */
export { DEFAULT_LIMITS, type RaftConfig } from "./config.ts";
export { RaftInvariantError } from "./invariant.ts";
export { LogPositions } from "./log-positions.ts";
export type {
  AppendDirective,
  AppendRequest,
  AppendResponse,
  Message,
  OutgoingMessage,
  TimeoutNow,
  VoteRequest,
  VoteResponse,
} from "./messages.ts";
export { Raft } from "./raft.ts";
export type {
  ConfirmedRead,
  HeldMessage,
  PersistBatch,
  ProposeResult,
  RaftStatus,
  Ready,
  Role,
} from "./ready.ts";
export { type Entry, EntryKind, type HardState, type LogIndex, type ServerId, type Term } from "./types.ts";
