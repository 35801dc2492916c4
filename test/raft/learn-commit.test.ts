import { test } from "uvu";
import * as assert from "uvu/assert";
import { entriesOf, Solo } from "./support/solo.ts";

/** A server with entries of terms 1, 1, 2, whose first two equal those of server 2, the leader of term 3. */
function follower(): Solo {
  const solo = new Solo({ terms: [1, 1, 2] });
  solo.receive(solo.appendRequest(2, { term: 3, prevIndex: 1, prevTerm: 1, entries: entriesOf([1], 2) }));
  solo.work();
  return solo;
}

test("what the leader of the term has committed is committed here, as far as the logs are known to be equal", () => {
  const solo = follower();
  solo.raft.learnCommit(3, 1);
  assert.is(solo.raft.commitIndex, 1);
  solo.raft.learnCommit(3, 9);
  assert.is(solo.raft.commitIndex, 2);
});

test("an older commit index takes nothing back", () => {
  const solo = follower();
  solo.raft.learnCommit(3, 2);
  solo.raft.learnCommit(3, 1);
  assert.is(solo.raft.commitIndex, 2);
});

test("what a leader of another term has committed says nothing here", () => {
  const solo = follower();
  solo.raft.learnCommit(2, 2);
  solo.raft.learnCommit(4, 2);
  assert.is(solo.raft.commitIndex, 0);
});

test("before the leader of the term was heard, its commit index says nothing about this log", () => {
  const solo = new Solo({ terms: [1, 1, 2], hardState: { currentTerm: 3 } });
  solo.raft.learnCommit(3, 3);
  assert.is(solo.raft.commitIndex, 0);
});

test("a leader commits by counting only", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.raft.learnCommit(1, 1);
  leader.take();
  assert.is(leader.raft.commitIndex, 0);
});

test.run();
