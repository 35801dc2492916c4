import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OutgoingMessage } from "../../src/raft/index.ts";
import { entriesOf, Solo } from "./support/solo.ts";

/** A candidate of three that has been promised a majority, and so has voted for itself in term 1. */
function candidate(): Solo {
  const solo = new Solo();
  solo.tickUntilCandidate();
  solo.work();
  solo.receive(solo.vote(2, { preVote: true, term: 1 }));
  return solo;
}

test("checklist 1, 2: a vote leaves when it is on disk, in one record with its term", () => {
  const voter = new Solo();
  voter.receive(voter.voteRequest(2, { term: 3 }));
  const { persist, messages } = voter.take();
  assert.equal(persist?.hardState, { currentTerm: 3, votedFor: 2, commitIndex: 0 });
  assert.equal(
    messages.map(({ after }) => after),
    [persist?.id],
  );
});

test("checklist 1: a refusal that shows a new term waits for it, too", () => {
  const voter = new Solo({ terms: [2] });
  voter.receive(voter.voteRequest(2, { term: 3 }));
  const { persist, messages } = voter.take();
  assert.equal(persist?.hardState, { currentTerm: 3, votedFor: 0, commitIndex: 0 });
  assert.is(messages[0]?.after, persist?.id);
});

test("checklist 1: a candidate asks for votes when its own is on disk", () => {
  const { persist, messages } = candidate().take();
  assert.equal(persist?.hardState, { currentTerm: 1, votedFor: 1, commitIndex: 0 });
  assert.equal(
    messages.map(({ after }) => after),
    [persist?.id, persist?.id],
  );
});

test("checklist 1: a candidate's own vote counts when it is on disk", () => {
  const solo = candidate();
  solo.take();
  solo.receive(solo.vote(2, {}));
  assert.is(solo.raft.role, "candidate");
  solo.persist();
  assert.is(solo.raft.role, "leader");
});

test("§5.2: a vote that comes when the candidate asks for the next term is no promise for that one", () => {
  const solo = candidate();
  solo.work();
  solo.tick(10);
  solo.work();
  solo.receive(solo.vote(2, { term: 1 }));
  assert.equal([solo.raft.role, solo.raft.term], ["candidate", 1]);
});

test("a pre-vote promises nothing, and waits for nothing", () => {
  const voter = new Solo({ hardState: { currentTerm: 3 } });
  voter.receive(voter.voteRequest(2, { term: 4, preVote: true }));
  assert.is(voter.take().messages[0]?.after, 0);
});

test("dissertation §10.2.1: a leader sends entries before it has them on disk, for its term is there", () => {
  const leader = new Solo();
  leader.becomeLeader();
  const { messages } = leader.take();
  assert.equal(
    messages.map(({ after, message }) => [after, message.kind]),
    [
      [0, "appendRequest"],
      [0, "appendRequest"],
    ],
  );
});

test("checklist 4: entries are never written before their term", () => {
  const follower = new Solo();
  follower.receive(follower.appendRequest(2, { term: 5, entries: entriesOf([4, 5]) }));
  const { persist } = follower.take();
  assert.is(persist?.hardState.currentTerm, 5);
  assert.is(persist?.entries.length, 2);
});

test("many inputs make one batch, and messages wait for that", () => {
  const follower = new Solo();
  follower.receive(follower.appendRequest(2, { term: 1, entries: entriesOf([1]) }));
  follower.receive(follower.appendRequest(2, { prevIndex: 1, prevTerm: 1, entries: entriesOf([1], 2) }));
  const { persist, messages } = follower.take();
  assert.is(persist?.entries.length, 2);
  assert.equal(
    messages.map(({ after }) => after),
    [1, 1],
  );
});

test("checklist 1: entries that come twice are acknowledged twice, each time when they are on disk", () => {
  const follower = new Solo();
  const request = follower.appendRequest(2, { term: 1, entries: entriesOf([1]) });
  follower.receive(request);
  const first = follower.take();
  follower.receive(request);
  const second = follower.take();
  assert.is(second.persist, null);
  assert.is(second.messages[0]?.after, first.persist?.id);
  follower.persist();
  follower.receive(request);
  assert.is(follower.take().messages[0]?.after, 0);
});

test("after a restart a server goes on from what was on its disk, and shows no other term", () => {
  const server = new Solo({ terms: [1, 4], hardState: { currentTerm: 6, votedFor: 2, commitIndex: 1 } });
  assert.equal(server.raft.status(), {
    id: 1,
    role: "follower",
    term: 6,
    leader: 0,
    lastIndex: 2,
    commitIndex: 1,
    matchIndex: new Map(),
  });
  server.tickUntilCandidate();
  const requests: OutgoingMessage[] = server.work();
  assert.equal(
    requests.map(
      (request) => request.kind === "voteRequest" && [request.term, request.lastIndex, request.lastTerm],
    ),
    [
      [7, 2, 4],
      [7, 2, 4],
    ],
  );
});

test("a commit index that was written with entries that were not is taken back to the log's end", () => {
  assert.is(new Solo({ terms: [1], hardState: { commitIndex: 5 } }).raft.commitIndex, 1);
});

test.run();
