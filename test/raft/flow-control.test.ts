import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RaftConfig } from "../../src/raft/index.ts";
import { appendsTo, Solo } from "./support/solo.ts";

/** A leader of three whose first entry both followers have. */
function leaderWith(config: Partial<RaftConfig>): Solo {
  const leader = new Solo({ config });
  leader.becomeLeader();
  leader.work();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 1));
  leader.work();
  return leader;
}

function payloads(...sizes: number[]): Uint8Array[] {
  return sizes.map((size) => new Uint8Array(size));
}

/** From where to where the entries go that are sent to server 2 now. */
function sentTo2(leader: Solo): [first: number, last: number][] {
  return appendsTo(2, leader.work()).map(({ prevIndex, lastIndex }) => [prevIndex + 1, lastIndex]);
}

test("what is proposed between two Readys goes in one message to each", () => {
  const leader = leaderWith({});
  for (let i = 0; i < 5; i++) leader.raft.propose(payloads(1));
  assert.equal(sentTo2(leader), [[2, 6]]);
});

test("a message has so many entries at most", () => {
  const leader = leaderWith({ messageEntriesLimit: 2 });
  leader.raft.propose(payloads(1, 1, 1, 1, 1));
  assert.equal(sentTo2(leader), [
    [2, 3],
    [4, 5],
    [6, 6],
  ]);
});

test("a message has so many bytes at most; an entry that is larger goes alone", () => {
  const leader = leaderWith({ messageBytesLimit: 10 });
  leader.raft.propose(payloads(4, 6, 1, 30, 10, 1));
  assert.equal(sentTo2(leader), [
    [2, 3],
    [4, 4],
    [5, 5],
    [6, 6],
    [7, 7],
  ]);
});

test("so many messages at most are on their way to a follower, and an answer makes room for the next", () => {
  const leader = leaderWith({ messageEntriesLimit: 1, inflightMessagesLimit: 2 });
  leader.raft.propose(payloads(1, 1, 1, 1));
  assert.equal(sentTo2(leader), [
    [2, 2],
    [3, 3],
  ]);
  leader.receive(leader.accept(2, 2));
  assert.equal(sentTo2(leader), [[4, 4]]);
  assert.equal(sentTo2(leader), []);
});

test("so many bytes at most are on their way to a follower, before the one that goes over", () => {
  const leader = leaderWith({ messageEntriesLimit: 1, inflightBytesLimit: 10 });
  leader.raft.propose(payloads(6, 6, 6));
  assert.equal(sentTo2(leader), [
    [2, 2],
    [3, 3],
  ]);
  leader.receive(leader.accept(2, 3));
  assert.equal(sentTo2(leader), [[4, 4]]);
});

test("a follower whose window is full still gets heartbeats", () => {
  const leader = leaderWith({ inflightMessagesLimit: 1 });
  leader.raft.propose(payloads(1));
  leader.work();
  leader.raft.propose(payloads(1));
  leader.tick(2);
  assert.equal(sentTo2(leader), [[2, 1]]);
});

test("a slow follower does not hold up the others", () => {
  const leader = leaderWith({ inflightMessagesLimit: 1 });
  leader.raft.propose(payloads(1));
  leader.work();
  leader.receive(leader.accept(3, 2));
  leader.raft.propose(payloads(1));
  const messages = leader.work();
  assert.equal(appendsTo(2, messages), []);
  assert.is(appendsTo(3, messages).length, 1);
  assert.is(leader.raft.commitIndex, 2);
});

test("checklist 30: a leader takes on so much that is not committed, and no more", () => {
  const leader = leaderWith({ uncommittedBytesLimit: 100 });
  assert.is(leader.raft.propose(payloads(60)).outcome, "accepted");
  assert.is(leader.raft.propose(payloads(60)).outcome, "accepted");
  assert.equal(leader.raft.propose(payloads(1)), { outcome: "busy" });
  leader.work();
  leader.receive(leader.accept(2, 2));
  assert.is(leader.raft.propose(payloads(50)).outcome, "accepted");
  assert.equal(leader.raft.propose(payloads(1)), { outcome: "busy" });
});

test("checklist 30: what is committed makes room for as much again, each time", () => {
  const leader = leaderWith({ uncommittedBytesLimit: 100 });
  for (let lastIndex = 3; lastIndex < 20; lastIndex += 2) {
    assert.is(leader.raft.propose(payloads(50)).outcome, "accepted");
    assert.is(leader.raft.propose(payloads(50)).outcome, "accepted");
    assert.is(leader.raft.propose(payloads(1)).outcome, "busy");
    leader.work();
    leader.receive(leader.accept(2, lastIndex));
  }
});

test("checklist 30: what an earlier leader left uncommitted does not count against the limit for ever", () => {
  const leader = new Solo({ terms: [1, 1, 1], config: { uncommittedBytesLimit: 2 } });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 4));
  assert.is(leader.raft.commitIndex, 4);
  assert.is(leader.raft.propose(payloads(2)).outcome, "accepted");
  assert.equal(leader.raft.propose(payloads(1)), { outcome: "busy" });
});

test("a follower whose missing entries were discarded is sent heartbeats only", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1], hardState: { commitIndex: 4 } });
  leader.raft.discardThrough(3);
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.refuse(2, 4, 1, 1));
  leader.tick(2);
  assert.equal(sentTo2(leader), [[1, 0]]);
});

test("a follower that got its missing entries by other means is sent the rest", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1], hardState: { commitIndex: 4 } });
  leader.raft.discardThrough(3);
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.refuse(2, 4, 1, 1));
  leader.work();
  leader.receive(leader.accept(2, 3));
  assert.equal(sentTo2(leader), [[4, 5]]);
});

test("a leader discards nothing that is not committed", () => {
  const leader = leaderWith({});
  leader.raft.propose(payloads(1, 1));
  leader.work();
  leader.raft.discardThrough(3);
  leader.receive(leader.accept(2, 1));
  leader.raft.unreachable(2);
  leader.receive(leader.accept(2, 1));
  assert.equal(sentTo2(leader), [[2, 3]]);
});

test.run();
