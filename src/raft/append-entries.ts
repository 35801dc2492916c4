import type { AppendRequest, AppendResponse } from "./messages.ts";
import type { ServerState } from "./server-state.ts";
import type { Entry, LogIndex, Term } from "./types.ts";

/** A follower's side of AppendEntries (§5.3): compare, cut what differs, append, follow the leader's commit index. */
export class FollowerLog {
  private readonly state: ServerState;
  /** Up to here the log is known to equal that of the leader of `verifiedTerm`. */
  private verifiedIndex: LogIndex = 0;
  private verifiedTerm: Term = 0;

  constructor(state: ServerState) {
    this.state = state;
  }

  /** Answers a request of the leader of the current term. */
  handle(request: AppendRequest): void {
    const { log, durability } = this.state;
    if (this.verifiedTerm !== request.term) {
      this.verifiedTerm = request.term;
      this.verifiedIndex = this.state.commitIndex;
    }
    if (request.prevIndex > this.state.commitIndex && !log.matches(request.prevIndex, request.prevTerm)) {
      const hintIndex = log.lastIndexOfTermAtMost(request.prevIndex - 1, request.prevTerm);
      this.reply(
        request,
        { success: false, matchIndex: 0, hintIndex, hintTerm: log.termAt(hintIndex) ?? 0 },
        0,
      );
      return;
    }
    this.writeMissing(request.entries);
    const lastNew = request.prevIndex + request.entries.length;
    this.verifiedIndex = Math.max(this.verifiedIndex, lastNew);
    this.state.discardIndex = Math.max(
      this.state.discardIndex,
      Math.min(request.discardIndex, durability.durableIndex),
    );
    this.learnCommit(request.term, request.commitIndex);
    // A heartbeat is answered at once, for what is on disk already; entries are acknowledged when they are.
    const matchIndex = request.entries.length === 0 ? Math.min(lastNew, durability.durableIndex) : lastNew;
    const accepted = { success: true, matchIndex, hintIndex: 0, hintTerm: 0 };
    this.reply(request, accepted, durability.afterEntries(matchIndex));
  }

  /** The leader of `term` has committed up to `index`; so has this server, as far as the logs are known to be equal. */
  learnCommit(term: Term, index: LogIndex): void {
    if (term !== this.verifiedTerm) return;
    this.state.commitThrough(Math.min(index, this.verifiedIndex));
  }

  /**
   * Appends what is not there yet. Only where an entry differs is the log cut (§5.3): a request that was overtaken
   * by a later one must not take that one's entries away.
   */
  private writeMissing(entries: readonly Entry[]): void {
    const { log } = this.state;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]!;
      if (entry.index <= this.state.commitIndex || log.matches(entry.index, entry.term)) continue;
      this.state.writeEntries(i === 0 ? entries : entries.slice(i));
      return;
    }
  }

  private reply(
    request: AppendRequest,
    verdict: Pick<AppendResponse, "success" | "matchIndex" | "hintIndex" | "hintTerm">,
    after: number,
  ): void {
    this.state.send(
      {
        kind: "appendResponse",
        from: this.state.config.id,
        to: request.from,
        term: this.state.currentTerm,
        replyTo: request.replyTo,
        prevIndex: request.prevIndex,
        round: request.round,
        ...verdict,
      },
      Math.max(after, this.state.durability.afterHardState),
    );
  }
}
