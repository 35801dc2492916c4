import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AppendResponse } from "../../src/raft/index.ts";
import { appendsTo, Solo } from "./support/solo.ts";

test("§5.3: a probe that was lost is sent again from where it was, not from the beginning of the log", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  const [probe] = appendsTo(2, leader.work());
  assert.is(probe?.prevIndex, 4);

  leader.raft.unreachable(2);
  leader.receive(leader.accept(2, 0));
  const [again] = appendsTo(2, leader.work());
  assert.is(again?.prevIndex, 4);
  assert.is(again?.lastIndex, 5);
});

test("§5.1: the refusal of an older term's request tells a leader nothing about the follower's log", () => {
  const follower = new Solo({ id: 2, terms: [1, 1, 1, 1], hardState: { currentTerm: 2 } });
  follower.receive(follower.appendRequest(1, { term: 1, prevIndex: 4, prevTerm: 1 }));
  const [refusal] = follower.work();
  assert.is(refusal?.kind, "appendResponse");
  assert.is(refusal?.term, 2);

  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  leader.work();
  leader.receive(refusal as AppendResponse);
  assert.equal(appendsTo(2, leader.work()), []);
  leader.raft.unreachable(2);
  leader.receive(leader.accept(2, 0));
  const [probe] = appendsTo(2, leader.work());
  assert.is(probe?.prevIndex, 4);
});

test("§5.3: entries that were refused are sent again, also when what they had missed was accepted meanwhile", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1], config: { inflightMessagesLimit: 2 } });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 5));
  leader.raft.propose([new Uint8Array(1)]);
  leader.work();
  leader.raft.propose([new Uint8Array(1)]);
  leader.work();

  // The second message came first, and did not fit; then the first one came.
  leader.receive(leader.accept(2, 6, { prevIndex: 5 }));
  leader.receive(leader.refuse(2, 6, 5, 2));
  const [again] = appendsTo(2, leader.work());
  assert.is(again?.prevIndex, 6);
  assert.is(again?.lastIndex, 7);
});

test("§5.3: the refusal of an earlier probe, come late or twice, does not disturb the one that is on its way", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  leader.work();
  for (const hintIndex of [2, 2, 1]) leader.receive(leader.refuse(2, 4, hintIndex, 1));
  assert.equal(
    appendsTo(2, leader.work()).map(({ prevIndex }) => prevIndex),
    [2],
  );
  leader.receive(leader.refuse(2, 4, 2, 1));
  assert.equal(appendsTo(2, leader.work()), []);
});

test("a probe that is on its way is not sent again for each heartbeat that is answered", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  assert.is(appendsTo(2, leader.work()).length, 1);
  leader.receive(leader.accept(2, 0));
  leader.receive(leader.accept(2, 0));
  assert.equal(appendsTo(2, leader.work()), []);
});

test("a follower whose disk has lost the end of its log is sent it again", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 5));
  leader.work();

  // It was away for a moment, and comes back with less than it has acknowledged.
  leader.raft.unreachable(2);
  leader.receive(leader.refuse(2, 5, 3, 1));
  const [again] = appendsTo(2, leader.work());
  assert.is(again?.prevIndex, 3);
  assert.is(again?.lastIndex, 5);
  assert.is(leader.raft.status().matchIndex.get(2), 3);
  leader.receive(leader.accept(2, 5, { prevIndex: 3 }));
  assert.is(leader.raft.status().matchIndex.get(2), 5);
});

test("a refusal from before an acknowledgement costs the follower nothing, though what it missed is discarded", () => {
  const leader = new Solo({ terms: [1, 1, 1, 1] });
  leader.becomeLeader();
  leader.work();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 5));
  for (let i = 0; i < 2; i++) {
    leader.raft.propose([new Uint8Array(1)]);
    leader.work();
  }
  leader.receive(leader.accept(3, 7));
  leader.receive(leader.accept(2, 6));
  leader.raft.discardThrough(leader.take().discardIndex);

  // Entry 7 overtook entry 6 on the way to server 2, and its refusal comes last.
  leader.raft.unreachable(2);
  leader.receive(leader.refuse(2, 6, 5, 2));
  leader.work();
  leader.tick(2);
  const [heartbeat] = appendsTo(2, leader.work());
  leader.receive(leader.accept(2, heartbeat!.prevIndex));
  assert.equal(
    appendsTo(2, leader.work()).map(({ prevIndex, lastIndex }) => [prevIndex, lastIndex]),
    [[6, 7]],
  );
});

test.run();
