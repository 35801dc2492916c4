import { test } from "uvu";
import * as assert from "uvu/assert";
import { Cluster } from "./support/cluster.ts";
import { Solo } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

const payload = new Uint8Array(1);

/** A leader of three whose first entry both followers have. */
function leaderOfThree(): Solo {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 1));
  leader.work();
  return leader;
}

function kinds(leader: Solo): string[] {
  return leader.work().map(({ kind, to }) => `${kind} to ${to}`);
}

test("dissertation §3.10: a target that has the whole log is told at once to stand for election", () => {
  const leader = leaderOfThree();
  assert.is(leader.raft.transferLeadership(3), 3);
  assert.equal(kinds(leader), ["timeoutNow to 3"]);
});

test("dissertation §3.10: a target that lacks entries gets them first, and is told once", () => {
  const leader = leaderOfThree();
  leader.raft.propose([payload]);
  leader.raft.transferLeadership(3);
  assert.equal(kinds(leader), ["appendRequest to 2", "appendRequest to 3"]);
  leader.receive(leader.accept(3, 2));
  assert.equal(kinds(leader), ["timeoutNow to 3"]);
  assert.equal(kinds(leader), []);
});

test("dissertation §3.10: while leadership is handed over the leader takes no proposals", () => {
  const leader = leaderOfThree();
  leader.raft.transferLeadership(3);
  assert.ok(leader.raft.isTransferring);
  assert.equal(leader.raft.propose([payload]), { outcome: "transferring" });
});

test("dissertation §3.10: when nothing comes of it within an election time-out, the leader carries on", () => {
  const leader = leaderOfThree();
  leader.raft.transferLeadership(3);
  leader.work();
  leader.tick(ELECTION_TICKS);
  assert.not(leader.raft.isTransferring);
  assert.is(leader.raft.propose([payload]).outcome, "accepted");
});

test("a transfer is given up when its target cannot be reached, not when another server cannot", () => {
  const leader = leaderOfThree();
  leader.raft.transferLeadership(3);
  leader.raft.unreachable(2);
  assert.ok(leader.raft.isTransferring);
  leader.raft.unreachable(3);
  assert.not(leader.raft.isTransferring);
});

test("a leader that steps down meanwhile hands nothing over any more", () => {
  const leader = leaderOfThree();
  leader.raft.propose([payload]);
  leader.raft.transferLeadership(3);
  leader.receive(leader.appendRequest(2, { term: 2, prevIndex: 1, prevTerm: 1 }));
  assert.not(leader.raft.isTransferring);
  assert.equal(kinds(leader), ["appendResponse to 2"]);
});

test("dissertation §3.10: the target stands at once, without a pre-vote, and says who wants it", () => {
  const target = new Solo({ id: 2 });
  target.receive(target.appendRequest(1, { term: 1 }));
  target.work();
  target.receive({ kind: "timeoutNow", from: 1, to: 2, term: 1 });
  assert.equal(
    target
      .work()
      .map((message) => message.kind === "voteRequest" && [message.to, message.term, message.transfer]),
    [
      [1, 2, true],
      [3, 2, true],
    ],
  );
});

test("dissertation §3.10: the leader's wish holds for one election, not for those that the target tries after it", () => {
  const target = new Solo({ id: 2 });
  target.receive(target.appendRequest(1, { term: 1 }));
  target.receive({ kind: "timeoutNow", from: 1, to: 2, term: 1 });
  target.work();
  target.tick(ELECTION_TICKS);
  const requests = target.work();
  assert.ok(requests.length > 0);
  for (const request of requests) {
    assert.equal(request.kind === "voteRequest" && [request.preVote, request.transfer], [true, false]);
  }
});

test("dissertation §3.10: the leader that wants it, and those who hear it, vote for the target", () => {
  const leader = leaderOfThree();
  leader.receive(leader.voteRequest(2, { term: 2, lastIndex: 1, lastTerm: 1, transfer: true }));
  assert.is(leader.raft.role, "follower");
  const answer = leader.work().at(-1);
  assert.equal(answer?.kind === "voteResponse" && answer.granted, true);
});

test("§5.4.1: the leader's wish does not help a target whose log is behind", () => {
  const voter = new Solo({ terms: [1, 1] });
  voter.receive(voter.voteRequest(2, { term: 2, lastIndex: 1, lastTerm: 1, transfer: true }));
  const [answer] = voter.work();
  assert.equal(answer?.kind === "voteResponse" && answer.granted, false);
});

test("§5.1: a leader of an older term can call nobody to an election", () => {
  const server = new Solo({ id: 2, hardState: { currentTerm: 5 } });
  server.receive({ kind: "timeoutNow", from: 1, to: 2, term: 4 });
  assert.equal([server.raft.role, server.raft.term], ["follower", 5]);
});

test("without a named target, it goes to the follower that has the most of the log and answers", () => {
  const leader = new Solo({ members: [1, 2, 3, 4] });
  leader.becomeLeader();
  leader.raft.propose([payload]);
  leader.work();
  leader.receive(leader.accept(2, 1));
  leader.receive(leader.accept(3, 2));
  leader.receive(leader.accept(4, 2));
  leader.raft.unreachable(4);
  assert.is(leader.raft.transferLeadership(), 3);
});

test("without a follower that answers, or with one that is no member, nothing begins", () => {
  const leader = new Solo();
  leader.becomeLeader();
  assert.is(leader.raft.transferLeadership(), 0);
  assert.is(leader.raft.transferLeadership(9), 0);
  assert.is(leader.raft.transferLeadership(1), 0);
  assert.not(leader.raft.isTransferring);
  assert.is(new Solo().raft.transferLeadership(2), 0);
});

test("dissertation §3.10: leadership goes over within a round trip, and nothing committed is lost", () => {
  const cluster = new Cluster({ servers: 5 });
  const leader = cluster.elect(1);
  leader.propose([payload, payload]);
  cluster.settle();
  const { commitIndex } = leader;
  leader.transferLeadership(4);
  cluster.settle();
  assert.is(cluster.leader?.id, 4);
  assert.is(cluster.leader?.raft.term, 2);
  assert.ok(cluster.leader!.commitIndex > commitIndex);
});

test("a lost TimeoutNow is made good by asking again", () => {
  const cluster = new Cluster({ servers: 3 });
  const leader = cluster.elect(1);
  cluster.network.cut(1, 2);
  leader.transferLeadership(2);
  cluster.settle();
  cluster.network.heal();
  cluster.settle();
  assert.is(cluster.leader?.id, 1);
  leader.transferLeadership(2);
  cluster.settle();
  assert.is(cluster.leader?.id, 2);
});

test.run();
