import type { AppendRequest, AppendResponse, VoteRequest, VoteResponse } from "../raft/index.ts";
import type { RaftAppendArgs, RaftAppendOk, RaftHeader, RaftVoteArgs, RaftVoteOk } from "./gen/raft.ts";

/** Between the consensus core's messages and the Raft program's arguments and results, both ways. */

export function toVoteArgs(header: RaftHeader, request: VoteRequest): RaftVoteArgs {
  const { term, lastIndex, lastTerm, preVote, transfer } = request;
  return { header, term, lastIndex, lastTerm, preVote, transfer };
}

export function fromVoteArgs(args: RaftVoteArgs): VoteRequest {
  const { header, term, lastIndex, lastTerm, preVote, transfer } = args;
  return {
    kind: "voteRequest",
    from: header.from,
    to: header.to,
    replyTo: 0,
    term,
    lastIndex,
    lastTerm,
    preVote,
    transfer,
  };
}

export function toVoteOk(response: VoteResponse): RaftVoteOk {
  return { term: response.term, granted: response.granted };
}

export function fromVoteOk(request: VoteRequest, ok: RaftVoteOk): VoteResponse {
  const { preVote } = request;
  return { kind: "voteResponse", from: request.to, to: request.from, replyTo: 0, preVote, ...ok };
}

export function toAppendArgs(header: RaftHeader, request: AppendRequest): RaftAppendArgs {
  return {
    header,
    term: request.term,
    prevIndex: request.prevIndex,
    prevTerm: request.prevTerm,
    commitIndex: request.commitIndex,
    discardIndex: request.discardIndex,
    round: request.round,
    entries: request.entries,
  };
}

/**
 * The entries' data stay views of the call, which is kept in memory by that: hardly anything else is in it, and to copy
 * each took a seventh of what a follower does for it.
 */
export function fromAppendArgs(args: RaftAppendArgs): AppendRequest {
  const { header, term, prevIndex, prevTerm, commitIndex, discardIndex, round } = args;
  return {
    kind: "appendRequest",
    from: header.from,
    to: header.to,
    replyTo: 0,
    term,
    prevIndex,
    prevTerm,
    commitIndex,
    discardIndex,
    round,
    entries: args.entries.map(({ term: entryTerm, kind, data }, i) => ({
      index: prevIndex + 1 + i,
      term: entryTerm,
      kind,
      data,
    })),
  };
}

export function toAppendOk(response: AppendResponse): RaftAppendOk {
  const { term, success, matchIndex, hintIndex, hintTerm, round } = response;
  return { term, success, matchIndex, hintIndex, hintTerm, round };
}

export function fromAppendOk(request: AppendRequest, ok: RaftAppendOk): AppendResponse {
  return {
    kind: "appendResponse",
    from: request.to,
    to: request.from,
    replyTo: 0,
    prevIndex: request.prevIndex,
    term: ok.term,
    success: ok.success,
    matchIndex: ok.matchIndex,
    hintIndex: ok.hintIndex,
    hintTerm: ok.hintTerm,
    round: ok.round,
  };
}
