import {
  type AppendResponse,
  type Entry,
  EntryKind,
  type HeldMessage,
  type Message,
  type OutgoingMessage,
  type PersistBatch,
  type Ready,
  type ServerId,
} from "../../../src/raft/index.ts";
import type { Observer } from "./observer.ts";
import type { SimServer } from "./sim-server.ts";

/** Writes down what servers do, a line each, for people to read: the notation is explained in transcripts/README.md. */
export class Narrator implements Observer {
  /** Leaves out messages and writes; tells only who leads, and what is committed, cut or answered. */
  isQuiet = false;
  private lines: string[] = [];
  private readonly roles = new Map<ServerId, string>();

  take(): string[] {
    const lines = this.lines;
    this.lines = [];
    return lines;
  }

  started(server: SimServer): void {
    this.roles.set(server.id, roleOf(server));
    if (server.incarnation > 1) this.say(server, `starts again with ${logText(server)}`);
  }

  crashed(server: SimServer): void {
    this.say(server, "crashes");
  }

  settled(server: SimServer, ready: Ready, cut: readonly Entry[]): void {
    const role = roleOf(server);
    if (role !== this.roles.get(server.id)) this.say(server, role);
    this.roles.set(server.id, role);
    if (cut.length > 0) this.say(server, `cuts off ${cut.map(position).join(" ")}`);
    if (ready.persist !== null && !this.isQuiet) this.say(server, `writes ${batchText(ready.persist)}`);
    if (ready.commitIndex > server.commitIndex) this.say(server, `commits up to ${ready.commitIndex}`);
    for (const { id, index } of ready.confirmedReads)
      this.say(server, `may answer read ${id} at index ${index}`);
    for (const id of ready.refusedReads) this.say(server, `cannot answer read ${id}`);
  }

  held(server: SimServer, held: HeldMessage): void {
    if (this.isQuiet || server.hasQuickDisk) return;
    this.say(
      server,
      `holds until batch ${held.after} is on disk: → ${held.message.to} ${kindText(held.message)}`,
    );
  }

  sent(server: SimServer, message: Message): void {
    if (!this.isQuiet) this.say(server, `→ ${message.to}  ${messageText(message)}`);
  }

  completed(server: SimServer, batch: PersistBatch): void {
    if (!this.isQuiet && !server.hasQuickDisk) this.say(server, `has batch ${batch.id} on disk`);
  }

  asked(): void {}

  private say(server: SimServer, what: string): void {
    this.lines.push(`${server.id} ${what}`);
  }
}

/** `index/term` of an entry. */
function position(entry: Entry): string {
  return `${entry.index}/${entry.term}`;
}

function roleOf({ raft }: SimServer): string {
  if (raft.role === "leader") return `leads term ${raft.term}`;
  if (raft.role === "candidate") return `stands for election, in term ${raft.term}`;
  return `follows ${raft.leader === 0 ? "nobody" : raft.leader} in term ${raft.term}`;
}

/** The terms of a log's entries, the last committed one marked by a bar behind it. */
export function logText({ log, commitIndex, raft }: SimServer): string {
  const terms = log.entries.map(({ index, term }) => (index === commitIndex ? `${term} |` : `${term}`));
  return `term ${raft.term}, log: ${commitIndex === log.prevIndex ? "| " : ""}${terms.join(" ")}`.trimEnd();
}

function batchText({ id, hardState, entries }: PersistBatch): string {
  const state = `term ${hardState.currentTerm}, vote ${hardState.votedFor || "none"}`;
  const written = entries.length === 0 ? "" : `; ${entriesText(entries)}`;
  return `batch ${id}: ${state}${written}`;
}

function entriesText(entries: readonly Entry[]): string {
  return entries.map((entry) => `${position(entry)}${contentText(entry)}`).join(", ");
}

/** What was proposed; nothing for entries that were on the disk from the beginning. */
function contentText({ kind, data }: Entry): string {
  if (kind === EntryKind.NOOP) return " no-op";
  return data[0] === 0 ? "" : ` ${Buffer.from(data)}`;
}

function kindText(message: OutgoingMessage): string {
  return message.kind === "appendRequest" ? "append" : messageText(message);
}

function messageText(message: Exclude<OutgoingMessage, { kind: "appendRequest" }> | Message): string {
  const { term } = message;
  switch (message.kind) {
    case "voteRequest": {
      const asked = message.preVote ? "would you vote for me" : "vote for me";
      const why = message.transfer ? ", the leader wants it" : "";
      return `${asked} in term ${term}? my log ends at ${message.lastIndex}/${message.lastTerm}${why}`;
    }
    case "voteResponse":
      return `${message.preVote ? "I would" : "I do"}${message.granted ? "" : " not"}, term ${term}`;
    case "appendRequest": {
      const after = `after ${message.prevIndex}/${message.prevTerm}`;
      const what = message.entries.length === 0 ? "heartbeat" : `append ${entriesText(message.entries)}`;
      return `${what} ${after}; committed ${message.commitIndex}${roundText(message.round)}, term ${term}`;
    }
    case "appendResponse":
      return `${answerText(message)}${roundText(message.round)}, term ${term}`;
    case "timeoutNow":
      return `stand for election now, term ${term}`;
  }
}

function roundText(round: number): string {
  return round === 0 ? "" : `, round ${round}`;
}

function answerText(response: AppendResponse): string {
  const { success, prevIndex, matchIndex, hintIndex, hintTerm } = response;
  if (success) return `I have up to ${matchIndex}`;
  if (hintIndex < prevIndex) return `nothing after ${prevIndex}, try ${hintIndex}/${hintTerm}`;
  return "your term is over";
}
