import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Message } from "../../src/raft/index.ts";
import { Cluster } from "./support/cluster.ts";
import { Solo, type SoloOptions } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

test("§5.2: a server that never ran follows nobody", () => {
  const { raft } = new Solo();
  assert.equal([raft.role, raft.term, raft.leader], ["follower", 0, 0]);
});

test("§5.2: a follower that hears nothing stands for election within one to two time-outs", () => {
  for (let id = 1; id <= 20; id++) {
    const ticks = new Solo({ id, members: [id, 100, 101] }).tickUntilCandidate();
    assert.ok(ticks >= ELECTION_TICKS && ticks < 2 * ELECTION_TICKS, `server ${id} after ${ticks}`);
  }
});

test("§5.2, checklist 13: the time-out is drawn anew each time, and each server draws others", () => {
  const waits = (id: number): number[] => {
    const follower = new Solo({ id, members: [1, 2, 3] });
    return Array.from({ length: 12 }, () => {
      follower.receive(follower.appendRequest(3, { term: 1 }));
      return follower.tickUntilCandidate();
    });
  };
  assert.ok(new Set(waits(1)).size > 4);
  assert.not.equal(waits(1), waits(2));
});

test("§5.2: a heartbeat of the leader begins the time-out anew", () => {
  const follower = new Solo();
  for (let i = 0; i < 20; i++) {
    follower.tick(ELECTION_TICKS - 1);
    follower.receive(follower.appendRequest(2, { term: 1 }));
  }
  assert.is(follower.raft.role, "follower");
});

test("§5.2: a candidate votes for itself in a new term, and asks all others", () => {
  const candidate = new Solo({ members: [1, 2, 3], terms: [1, 1] });
  candidate.tickUntilCandidate();
  candidate.work();
  candidate.receive(candidate.vote(2, { preVote: true, term: 2 }));
  const ready = candidate.take();
  assert.equal(ready.persist?.hardState, { currentTerm: 2, votedFor: 1, commitIndex: 0 });
  assert.equal(
    ready.messages.map(({ message }) => message),
    [2, 3].map((to) => ({
      kind: "voteRequest",
      from: 1,
      to,
      term: 2,
      replyTo: 0,
      lastIndex: 2,
      lastTerm: 1,
      preVote: false,
      transfer: false,
    })),
  );
});

/** Of this server in term 1: does it give its vote in term 2 to server 2, whose log ends so? */
function votes(options: SoloOptions, lastIndex: number, lastTerm: number): boolean {
  const voter = new Solo(options);
  voter.receive(voter.voteRequest(2, { term: voter.raft.term + 1, lastIndex, lastTerm }));
  const [answer] = voter.work();
  return answer?.kind === "voteResponse" && answer.granted;
}

test("§5.4.1, checklist 10: a candidate whose last term is lower gets no vote, however long its log", () => {
  assert.not(votes({ terms: [1, 3] }, 100, 2));
});

test("§5.4.1, checklist 10: a candidate whose last term is higher gets the vote, however short its log", () => {
  assert.ok(votes({ terms: [1, 1, 1, 1] }, 1, 2));
});

test("§5.4.1, checklist 10: with equal last terms, a candidate needs a log at least as long", () => {
  assert.not(votes({ terms: [1, 1, 2] }, 2, 2));
  assert.ok(votes({ terms: [1, 1, 2] }, 3, 2));
  assert.ok(votes({ terms: [1, 1, 2] }, 4, 2));
});

test("§5.2, checklist 3: one vote a term, first come first served", () => {
  const voter = new Solo();
  const ask = (from: number): boolean => {
    voter.receive(voter.voteRequest(from, { term: 1 }));
    const [answer] = voter.work();
    return answer?.kind === "voteResponse" && answer.granted;
  };
  assert.ok(ask(2));
  assert.not(ask(3));
  assert.ok(ask(2), "the same candidate may ask again");
});

test("checklist 3: a leader's or a candidate's messages within the term leave the vote as it was", () => {
  const voter = new Solo();
  voter.receive(voter.voteRequest(2, { term: 1 }));
  voter.receive(voter.appendRequest(2, { term: 1 }));
  voter.receive(voter.voteRequest(3, { term: 1 }));
  voter.tickUntilCandidate();
  assert.is(voter.take().persist?.hardState.votedFor, 2);
});

test("checklist 3: a vote is remembered over a restart", () => {
  const voter = new Solo({ hardState: { currentTerm: 4, votedFor: 2 } });
  voter.receive(voter.voteRequest(3, { term: 4 }));
  const [answer] = voter.work();
  assert.equal(answer?.kind === "voteResponse" && answer.granted, false);
});

test("§5.1: a candidate of an older term is refused, and learns the term", () => {
  const voter = new Solo({ hardState: { currentTerm: 5 } });
  voter.receive(voter.voteRequest(2, { term: 4 }));
  const [answer] = voter.work();
  assert.equal(answer?.kind === "voteResponse" && [answer.granted, answer.term], [false, 5]);
});

test("§5.2: a candidate knows of no leader", () => {
  const candidate = new Solo();
  candidate.receive(candidate.appendRequest(3, { term: 1 }));
  candidate.tickUntilCandidate();
  assert.is(candidate.raft.leader, 0);
});

test("§5.2: a candidate that hears of a leader of its term follows it", () => {
  const candidate = new Solo();
  candidate.tickUntilCandidate();
  candidate.work();
  candidate.receive(candidate.vote(2, { preVote: true, term: 1 }));
  candidate.receive(candidate.appendRequest(3, { term: 1 }));
  assert.equal([candidate.raft.role, candidate.raft.leader], ["follower", 3]);
});

test("§5.2: votes of another term, or given to a server that no longer stands, elect nobody", () => {
  const candidate = new Solo({ members: [1, 2, 3, 4, 5] });
  candidate.tickUntilCandidate();
  candidate.work();
  for (const from of [2, 3]) candidate.receive(candidate.vote(from, { preVote: true, term: 1 }));
  candidate.work();
  candidate.receive(candidate.vote(2, { term: 0 }));
  candidate.receive(candidate.vote(3, { term: 1 }));
  candidate.receive(candidate.vote(3, { term: 1 }));
  assert.is(candidate.raft.role, "candidate");
  candidate.receive(candidate.appendRequest(5, { term: 1 }));
  candidate.receive(candidate.vote(4, { term: 1 }));
  assert.is(candidate.raft.role, "follower");
});

test("§5.2: a candidate that another one of its term asks for a vote goes on", () => {
  const candidate = new Solo();
  candidate.tickUntilCandidate();
  candidate.work();
  candidate.receive(candidate.vote(2, { preVote: true, term: 1 }));
  candidate.work();
  candidate.receive(candidate.voteRequest(3, { term: 1 }));
  assert.equal([candidate.raft.role, candidate.raft.term], ["candidate", 1]);
  const [answer] = candidate.work();
  assert.equal(answer?.kind === "voteResponse" && answer.granted, false);
  candidate.receive(candidate.vote(2, {}));
  assert.is(candidate.raft.role, "leader");
});

test("§5.2: a split vote elects nobody, and is followed by another election", () => {
  const cluster = new Cluster({ servers: 4 });
  for (const server of [cluster.server(1), cluster.server(2)]) {
    while (server.raft.role === "follower") server.tick();
  }
  const isPreVote = (message: Message): boolean => "preVote" in message && message.preVote;
  for (let isBusy = true; isBusy; ) {
    for (const server of cluster.running) server.completeWrite();
    isBusy = cluster.deliver(isPreVote);
  }
  for (const [from, to] of [
    [1, 2],
    [2, 1],
    [1, 3],
    [2, 4],
  ] as const) {
    cluster.network.cut(from, to);
  }
  cluster.settle();
  assert.equal(
    cluster.servers.map(({ raft }) => [raft.term, raft.role]),
    [
      [1, "candidate"],
      [1, "candidate"],
      [1, "follower"],
      [1, "follower"],
    ],
  );
  cluster.network.heal();
  cluster.run(4 * ELECTION_TICKS);
  assert.ok(cluster.leader!.raft.term > 1);
});

test("a cluster of one elects itself as soon as its own vote is on disk", () => {
  const only = new Solo({ members: [1] });
  only.tickUntilCandidate();
  only.take();
  assert.is(only.raft.role, "candidate");
  only.persist();
  assert.is(only.raft.role, "leader");
  only.work();
  assert.is(only.raft.commitIndex, 1);
});

test.run();
