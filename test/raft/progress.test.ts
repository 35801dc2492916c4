import { test } from "uvu";
import * as assert from "uvu/assert";
import { Progress } from "../../src/raft/progress.ts";

const LIMITS = { inflightMessagesLimit: 3, inflightBytesLimit: 100 };

function replicating(matchIndex: number): Progress {
  const progress = new Progress(matchIndex + 1, LIMITS);
  progress.acknowledged(matchIndex);
  progress.becomeReplicate();
  return progress;
}

test("§5.3: a leader begins with a probe right behind its own log", () => {
  const progress = new Progress(8, LIMITS);
  assert.is(progress.state, "probe");
  assert.is(progress.nextIndex, 8);
  assert.is(progress.matchIndex, 0);
});

test("a probe goes alone: the next message waits for its answer", () => {
  const progress = new Progress(8, LIMITS);
  assert.ok(progress.maySend);
  progress.sent(9, 10);
  assert.not(progress.maySend);
  assert.is(progress.nextIndex, 8);
  progress.heardFrom();
  assert.not(progress.maySend);
  progress.becomeProbe(5);
  assert.ok(progress.maySend);
  assert.is(progress.nextIndex, 5);
});

test("a probe never goes behind what the follower is known to have", () => {
  const progress = replicating(6);
  progress.becomeProbe(3);
  assert.is(progress.nextIndex, 7);
});

test("in replicate, messages follow each other up to the window's count", () => {
  const progress = replicating(0);
  for (const index of [1, 2, 3]) {
    assert.ok(progress.maySend);
    progress.sent(index, 1);
  }
  assert.not(progress.maySend);
  assert.is(progress.nextIndex, 4);
  progress.acknowledged(2);
  assert.ok(progress.maySend);
});

test("in replicate, messages follow each other up to the window's bytes", () => {
  const progress = replicating(0);
  progress.sent(1, 99);
  assert.ok(progress.maySend);
  progress.sent(2, 1);
  assert.not(progress.maySend);
  progress.acknowledged(1);
  assert.ok(progress.maySend);
});

test("an acknowledgement covers all messages up to its index, and an older one changes nothing", () => {
  const progress = replicating(0);
  for (const index of [1, 2, 3]) progress.sent(index, 1);
  assert.ok(progress.acknowledged(3));
  assert.ok(progress.isIdle);
  assert.not(progress.acknowledged(2));
  assert.is(progress.matchIndex, 3);
  assert.is(progress.nextIndex, 4);
});

test("after a loss everything behind what is acknowledged goes again, once there is a sign of life", () => {
  const progress = replicating(0);
  for (const index of [1, 2, 3]) progress.sent(index, 1);
  progress.acknowledged(1);
  progress.lost();
  assert.is(progress.state, "probe");
  assert.is(progress.nextIndex, 2);
  assert.not(progress.maySend);
  progress.heardFrom();
  assert.ok(progress.maySend);
});

test("what is acknowledged after all, though it was taken for lost, does not go again", () => {
  const progress = replicating(0);
  for (const index of [1, 2, 3]) progress.sent(index, 1);
  progress.lost();
  progress.becomeReplicate();
  assert.is(progress.nextIndex, 1);
  progress.acknowledged(3);
  assert.is(progress.nextIndex, 4);
});

test("the loss of a probe leaves it where it is", () => {
  const progress = new Progress(8, LIMITS);
  progress.sent(9, 10);
  progress.lost();
  assert.is(progress.nextIndex, 8);
  assert.not(progress.maySend);
  progress.heardFrom();
  assert.ok(progress.maySend);
});

test("a stranded follower is sent nothing, and a loss does not change that", () => {
  const progress = new Progress(8, LIMITS);
  progress.becomeStranded();
  progress.lost();
  progress.heardFrom();
  assert.is(progress.state, "stranded");
  assert.not(progress.maySend);
});

test("a follower counts as active until the quorum is checked, and again when it answers", () => {
  const progress = new Progress(1, LIMITS);
  assert.ok(progress.recentlyActive);
  progress.recentlyActive = false;
  progress.heardFrom();
  assert.ok(progress.recentlyActive);
});

test.run();
