import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AppendRequest, AppendResponse, Ready } from "../../src/raft/index.ts";
import { RaftInvariantError } from "../../src/raft/index.ts";
import { entriesOf, Solo } from "./support/solo.ts";

/** What a follower does about a request of server 2, which leads. */
function receive(follower: Solo, fields: Partial<AppendRequest>): { ready: Ready; answer: AppendResponse } {
  follower.receive(follower.appendRequest(2, fields));
  const ready = follower.take();
  const answer = ready.messages[0]?.message as AppendResponse;
  return { ready, answer };
}

function written({ persist }: Ready): [index: number, term: number][] {
  return (persist?.entries ?? []).map(({ index, term }) => [index, term]);
}

test("§5.3: entries behind a matching one are added, and acknowledged up to the last", () => {
  const follower = new Solo({ terms: [1, 1] });
  const { ready, answer } = receive(follower, { prevIndex: 2, prevTerm: 1, entries: entriesOf([1, 1], 3) });
  assert.equal(written(ready), [
    [3, 1],
    [4, 1],
  ]);
  assert.equal([answer.success, answer.matchIndex, answer.prevIndex], [true, 4, 2]);
});

test("§5.1: a leader of an older term is refused, and changes nothing", () => {
  const follower = new Solo({ terms: [1, 1], hardState: { currentTerm: 3 } });
  const { ready, answer } = receive(follower, {
    term: 2,
    prevIndex: 1,
    prevTerm: 1,
    entries: entriesOf([2], 2),
  });
  assert.is(ready.persist, null);
  assert.equal([answer.success, answer.term], [false, 3]);
  assert.is(follower.raft.leader, 0);
});

test("§5.3: without the entry before the new ones they are refused, with the end of the log as a hint", () => {
  const follower = new Solo({ terms: [1, 1] });
  const { ready, answer } = receive(follower, { prevIndex: 5, prevTerm: 1, entries: entriesOf([1], 6) });
  assert.equal(written(ready), []);
  assert.equal([answer.success, answer.hintIndex, answer.hintTerm], [false, 2, 1]);
});

test("§5.3: with another term there they are refused, and a whole term that cannot match is skipped", () => {
  const follower = new Solo({ terms: [1, 2, 2, 2] });
  const { answer } = receive(follower, { term: 3, prevIndex: 3, prevTerm: 1, entries: entriesOf([3], 4) });
  assert.equal([answer.success, answer.hintIndex, answer.hintTerm], [false, 1, 1]);
});

test("§5.3: what differs is cut off, with all behind it", () => {
  const follower = new Solo({ terms: [1, 1, 2, 2, 2] });
  const { ready } = receive(follower, { term: 3, prevIndex: 2, prevTerm: 1, entries: entriesOf([1, 3], 3) });
  assert.equal(written(ready), [
    [3, 1],
    [4, 3],
  ]);
  assert.is(follower.raft.lastIndex, 4);
});

test("§5.3: what is there already is not written again, nor is anything behind it cut off", () => {
  const follower = new Solo({ terms: [1, 1, 1, 1] });
  const { ready, answer } = receive(follower, { prevIndex: 1, prevTerm: 1, entries: entriesOf([1, 1], 2) });
  assert.equal(written(ready), []);
  assert.is(answer.matchIndex, 3);
  assert.is(follower.raft.lastIndex, 4);
});

test("§5.3: of entries that are there in part, the rest is written", () => {
  const follower = new Solo({ terms: [1, 1] });
  const { ready } = receive(follower, { prevIndex: 1, prevTerm: 1, entries: entriesOf([1, 1, 1], 2) });
  assert.equal(written(ready), [
    [3, 1],
    [4, 1],
  ]);
});

test("§5.3: a message from before, that comes again, takes nothing back", () => {
  const follower = new Solo({ terms: [1] });
  const first = { prevIndex: 1, prevTerm: 1, entries: entriesOf([1], 2) };
  receive(follower, first);
  receive(follower, { prevIndex: 2, prevTerm: 1, entries: entriesOf([1, 1], 3) });
  receive(follower, first);
  assert.is(follower.raft.lastIndex, 4);
});

test("§5.3: the commit index follows the leader's, as far as the logs are known to be equal", () => {
  const follower = new Solo({ terms: [1, 1, 1, 1] });
  receive(follower, { term: 2, prevIndex: 1, prevTerm: 1, entries: entriesOf([1], 2), commitIndex: 4 });
  assert.is(follower.raft.commitIndex, 2);
  receive(follower, { prevIndex: 4, prevTerm: 1, commitIndex: 3 });
  assert.is(follower.raft.commitIndex, 3);
});

test("§5.3: a heartbeat that compares further down does not commit what may differ further up", () => {
  const follower = new Solo({ terms: [1, 1, 2] });
  const { answer } = receive(follower, { term: 3, commitIndex: 3 });
  assert.ok(answer.success);
  assert.is(follower.raft.commitIndex, 0);
});

test("what was known to be equal to one leader's log is not known of the next one's", () => {
  const follower = new Solo({ terms: [1] });
  receive(follower, { term: 2, prevIndex: 1, prevTerm: 1, entries: entriesOf([2, 2], 2) });
  receive(follower, { term: 3, prevIndex: 1, prevTerm: 1, commitIndex: 3 });
  assert.is(follower.raft.commitIndex, 1);
});

test("checklist 1: entries are acknowledged when they are on disk, with the term they came in", () => {
  const follower = new Solo();
  const { ready } = receive(follower, { term: 1, entries: entriesOf([1]) });
  assert.is(ready.persist?.hardState.currentTerm, 1);
  assert.is(ready.messages[0]?.after, ready.persist?.id);
});

test("checklist 1: a heartbeat is answered at once, for what is on disk by then", () => {
  const follower = new Solo({ terms: [1, 1] });
  receive(follower, { prevIndex: 2, prevTerm: 1, entries: entriesOf([1], 3) });
  const { ready, answer } = receive(follower, { prevIndex: 3, prevTerm: 1 });
  assert.is(ready.messages[0]?.after, 0);
  assert.is(answer.matchIndex, 2);
});

test("checklist 1: a refusal waits for the term that it shows", () => {
  const follower = new Solo();
  const { ready, answer } = receive(follower, { term: 4, prevIndex: 7, prevTerm: 3 });
  assert.not(answer.success);
  assert.is(ready.messages[0]?.after, ready.persist?.id);
});

test("what all members have on disk a follower believes only as far as its own disk", () => {
  const follower = new Solo({ terms: [1, 1] });
  receive(follower, { prevIndex: 2, prevTerm: 1, entries: entriesOf([1, 1], 3), commitIndex: 4 });
  assert.is(receive(follower, { prevIndex: 4, prevTerm: 1, discardIndex: 4 }).ready.discardIndex, 2);
  follower.persist();
  assert.is(receive(follower, { prevIndex: 4, prevTerm: 1, discardIndex: 4 }).ready.discardIndex, 4);
});

test("what is committed stays, whatever a request says", () => {
  const follower = new Solo({ terms: [1, 1], hardState: { commitIndex: 2 } });
  const { ready } = receive(follower, { term: 2, entries: entriesOf([2, 2, 2]) });
  assert.equal(written(ready), [[3, 2]]);
});

test("§5.2: two leaders of one term break the rules", () => {
  const leader = new Solo();
  leader.becomeLeader();
  assert.throws(
    () => leader.receive(leader.appendRequest(2, {})),
    (error: unknown) => error instanceof RaftInvariantError,
  );
});

test("a message for another server is not taken", () => {
  const follower = new Solo();
  assert.throws(
    () => follower.receive({ ...follower.appendRequest(2, { term: 1 }), to: 3 }),
    (error: unknown) => error instanceof RaftInvariantError,
  );
});

test.run();
