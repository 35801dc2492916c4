import { test } from "uvu";
import * as assert from "uvu/assert";
import type { VoteRequest, VoteResponse } from "../../src/raft/index.ts";
import { Cluster } from "./support/cluster.ts";
import { Solo, type SoloOptions } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

/** What server 1 answers to a request of server 2 for a term one above its own. */
function answerTo(voter: Solo, fields: Partial<VoteRequest>): VoteResponse {
  voter.receive(voter.voteRequest(2, { term: voter.raft.term + 1, lastIndex: 9, lastTerm: 9, ...fields }));
  return voter.work()[0] as VoteResponse;
}

/** A server that has just heard server 3, the leader of term 1. */
function following(options: SoloOptions = {}): Solo {
  const follower = new Solo(options);
  follower.receive(follower.appendRequest(3, { term: 1 }));
  follower.work();
  return follower;
}

test("dissertation §9.6: a pre-vote changes neither term nor vote, and writes nothing", () => {
  const voter = new Solo({ hardState: { currentTerm: 3, votedFor: 3 } });
  voter.receive(voter.voteRequest(2, { term: 4, preVote: true }));
  const ready = voter.take();
  assert.is(ready.persist, null);
  assert.is(voter.raft.term, 3);
  const answer = ready.messages[0]?.message as VoteResponse;
  assert.equal([answer.granted, answer.preVote, answer.term], [true, true, 4]);
});

test("dissertation §9.6: a pre-vote does not put off the voter's own election", () => {
  const voter = new Solo();
  for (let ticks = 0; ticks < 2 * ELECTION_TICKS; ticks++) {
    voter.receive(voter.voteRequest(2, { term: 1, preVote: true }));
    voter.tick(1);
  }
  assert.is(voter.raft.role, "candidate");
});

test("dissertation §9.6: a pre-vote is given to many in the same term", () => {
  const voter = new Solo();
  assert.ok(answerTo(voter, { preVote: true }).granted);
  voter.receive(voter.voteRequest(3, { term: 1, preVote: true }));
  assert.ok((voter.work()[0] as VoteResponse).granted);
});

test("§5.4.1: a pre-vote is given only where the vote would be", () => {
  const voter = new Solo({ terms: [1, 2] });
  assert.not(answerTo(voter, { preVote: true, lastIndex: 9, lastTerm: 1 }).granted);
  assert.ok(answerTo(voter, { preVote: true, lastIndex: 2, lastTerm: 2 }).granted);
});

test("dissertation §9.6: a server enters a new term only when a majority would vote for it", () => {
  const candidate = new Solo({ members: [1, 2, 3, 4, 5] });
  candidate.tickUntilCandidate();
  candidate.work();
  candidate.receive(candidate.vote(2, { preVote: true, term: 1 }));
  assert.is(candidate.raft.term, 0);
  candidate.receive(candidate.vote(3, { preVote: true, term: 1 }));
  assert.is(candidate.raft.term, 1);
});

test("checklist 14: a server that is cut off keeps its term, however often it stands for election", () => {
  const candidate = new Solo({ hardState: { currentTerm: 7 } });
  candidate.tick(50 * ELECTION_TICKS);
  assert.is(candidate.raft.term, 7);
});

test("dissertation §9.6: a candidate that has fallen behind learns the term from a refusal", () => {
  const candidate = new Solo();
  candidate.tickUntilCandidate();
  candidate.work();
  candidate.receive(candidate.vote(2, { preVote: true, granted: false, term: 6 }));
  assert.equal([candidate.raft.role, candidate.raft.term], ["follower", 6]);
});

test("a candidate that a majority refuses waits like any follower before it asks again", () => {
  const candidate = new Solo();
  candidate.tickUntilCandidate();
  candidate.work();
  for (const from of [2, 3]) candidate.receive(candidate.vote(from, { preVote: true, granted: false }));
  assert.is(candidate.raft.role, "follower");
  assert.ok(candidate.tickUntilCandidate() >= ELECTION_TICKS);
});

test("§6, checklist 14: who hears a leader gives neither pre-vote nor vote, and does not enter the term", () => {
  const voter = following();
  assert.not(answerTo(voter, { preVote: true }).granted);
  assert.not(answerTo(voter, {}).granted);
  assert.is(voter.raft.term, 1);
});

test("§6, checklist 14: who has not heard the leader for the shortest time-out votes again", () => {
  const voter = following();
  voter.tick(ELECTION_TICKS - 1);
  assert.not(answerTo(voter, {}).granted);
  voter.tick(1);
  assert.ok(answerTo(voter, {}).granted);
});

test("§6, checklist 14: a leader does not step down for a candidate", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  assert.not(answerTo(leader, { term: 9 }).granted);
  assert.equal([leader.raft.role, leader.raft.term], ["leader", 1]);
});

test("a leader makes way for a server that is in a later term already, or that would never follow again", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 0, { success: false, term: 4 }));
  assert.equal([leader.raft.role, leader.raft.term], ["follower", 4]);
});

test("checklist 14: a server that restarts in a later term gets a leader without losing what is committed", () => {
  const cluster = new Cluster({
    servers: 3,
    disks: new Map([[3, { hardState: { currentTerm: 8, votedFor: 3, commitIndex: 0 }, entries: [] }]]),
  });
  cluster.isolate(3);
  cluster.elect(1).propose([Buffer.from("x")]);
  cluster.run(2);
  cluster.network.heal();
  cluster.run(6 * ELECTION_TICKS);
  assert.ok(cluster.leader!.raft.term > 8);
  assert.equal(
    cluster.servers.map(({ log }) => log.at(2)?.data.toString()),
    ["x", "x", "x"],
  );
});

test.run();
