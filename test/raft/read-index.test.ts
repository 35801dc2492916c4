import { test } from "uvu";
import * as assert from "uvu/assert";
import { Cluster } from "./support/cluster.ts";
import { appendsTo, Solo } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

/** A leader of five whose first entry is committed. */
function leaderOfFive(): Solo {
  const leader = new Solo({ members: [1, 2, 3, 4, 5] });
  leader.becomeLeader();
  leader.work();
  for (const from of [2, 3, 4, 5]) leader.receive(leader.accept(from, 1));
  leader.work();
  return leader;
}

/** What the leader confirms when these followers answer its heartbeats of `round`. */
function answerRound(leader: Solo, round: number, followers: readonly number[]): readonly object[] {
  for (const from of followers) leader.receive(leader.accept(from, 1, { round }));
  const ready = leader.take();
  leader.persist();
  return ready.confirmedReads;
}

test("dissertation §6.4, checklist 17: a read is confirmed when a majority has answered a heartbeat sent after it", () => {
  const leader = leaderOfFive();
  assert.ok(leader.raft.readIndex(7));
  const [heartbeat] = appendsTo(2, leader.work());
  assert.equal([heartbeat?.round, heartbeat?.prevIndex, heartbeat?.lastIndex], [1, 1, 1]);
  assert.equal(answerRound(leader, 1, [2]), []);
  assert.equal(answerRound(leader, 1, [3]), [{ id: 7, index: 1 }]);
});

test("checklist 17: answers to heartbeats from before the read confirm nothing", () => {
  const leader = leaderOfFive();
  leader.tick(2);
  leader.work();
  leader.raft.readIndex(7);
  leader.work();
  assert.equal(answerRound(leader, 0, [2, 3, 4, 5]), []);
});

test("checklist 17: one follower that answers often is no majority", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(7);
  leader.work();
  assert.equal(answerRound(leader, 1, [2, 2, 2]), []);
});

test("a refusal of entries is an answer, too: it comes from the leader's own term", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(7);
  leader.work();
  for (const from of [2, 3]) leader.receive({ ...leader.refuse(from, 1, 0, 0), round: 1 });
  assert.equal(leader.take().confirmedReads, [{ id: 7, index: 1 }]);
});

test("checklist 20: time confirms nothing", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(7);
  for (let ticks = 0; ticks < 2 * ELECTION_TICKS; ticks++) {
    leader.tick(1);
    const ready = leader.take();
    assert.equal(ready.confirmedReads, []);
    if (ready.refusedReads.length > 0) {
      assert.equal(ready.refusedReads, [7]);
      return;
    }
  }
  assert.unreachable("the read was never answered");
});

test("§8, checklist 18: before an entry of its own term is committed, a leader confirms no read", () => {
  const leader = new Solo({ terms: [1, 1], hardState: { commitIndex: 2 } });
  leader.becomeLeader();
  leader.raft.readIndex(7);
  assert.equal(
    appendsTo(2, leader.work()).map(({ round }) => round),
    [0],
  );
  leader.receive(leader.accept(2, 2));
  assert.equal(leader.take().confirmedReads, []);
  leader.receive(leader.accept(2, 3));
  leader.work();
  leader.receive(leader.accept(2, 3, { round: 1 }));
  assert.equal(leader.take().confirmedReads, [{ id: 7, index: 3 }]);
});

test("the reads that come in while a round is on its way share the next one", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(1);
  leader.work();
  for (const id of [2, 3]) leader.raft.readIndex(id);
  assert.equal(appendsTo(2, leader.work()), []);
  assert.equal(answerRound(leader, 1, [2, 3]), [{ id: 1, index: 1 }]);
  assert.equal(answerRound(leader, 1, [4, 5]), []);
  assert.equal(answerRound(leader, 2, [4, 5]), [
    { id: 2, index: 1 },
    { id: 3, index: 1 },
  ]);
});

test("a read waits for what was committed when its round began, not for what came after", () => {
  const leader = leaderOfFive();
  leader.raft.propose([new Uint8Array(1)]);
  leader.work();
  leader.raft.readIndex(7);
  leader.work();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 2));
  assert.is(leader.raft.commitIndex, 2);
  assert.equal(answerRound(leader, 1, [2, 3]), [{ id: 7, index: 1 }]);
});

test("a round whose heartbeats are lost is confirmed by the next ones", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(7);
  leader.work();
  for (const peer of leader.peers) leader.raft.unreachable(peer);
  leader.tick(2);
  assert.is(appendsTo(2, leader.work())[0]?.round, 1);
  assert.equal(answerRound(leader, 1, [2, 3]), [{ id: 7, index: 1 }]);
});

test("checklist 15: a leader that steps down refuses the reads that wait, and takes no more", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(1);
  leader.work();
  leader.raft.readIndex(2);
  leader.receive(leader.appendRequest(2, { term: 2 }));
  const ready = leader.take();
  assert.equal(ready.refusedReads, [1, 2]);
  assert.equal(ready.confirmedReads, []);
  assert.not(leader.raft.readIndex(3));
  assert.equal(leader.take().refusedReads, []);
});

test("a read that was confirmed before the leader stepped down stays confirmed", () => {
  const leader = leaderOfFive();
  leader.raft.readIndex(7);
  leader.work();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 1, { round: 1 }));
  leader.receive(leader.appendRequest(2, { term: 2 }));
  const { confirmedReads, refusedReads } = leader.take();
  assert.equal([confirmedReads, refusedReads], [[{ id: 7, index: 1 }], []]);
});

test("a cluster of one confirms at once what its disk has", () => {
  const only = new Solo({ members: [1] });
  only.tickUntilCandidate();
  only.work();
  only.raft.readIndex(7);
  assert.equal(only.take().confirmedReads, []);
  only.persist();
  assert.equal(only.take().confirmedReads, [{ id: 7, index: 1 }]);
});

test("checklist 17: a leader that was replaced without knowing confirms nothing, however it is asked", () => {
  const cluster = new Cluster({ servers: 3 });
  const old = cluster.elect(1);
  cluster.isolate(1);
  for (const id of [2, 3]) cluster.server(id).suspectLeader(1);
  cluster.elect(2).propose([Buffer.from("new")]);
  cluster.settle();
  assert.is(old.raft.role, "leader");
  old.readIndex(7);
  cluster.settle();
  cluster.network.heal();
  old.isEager = false;
  old.tick();
  old.tick();
  old.takeReady();
  while (cluster.deliver());
  const ready = old.raft.takeReady();
  assert.equal([ready.confirmedReads, ready.refusedReads], [[], [7]]);
});

test.run();
