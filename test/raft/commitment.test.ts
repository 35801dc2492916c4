import { test } from "uvu";
import * as assert from "uvu/assert";
import { type AppendRequest, EntryKind } from "../../src/raft/index.ts";
import { appendsTo, Solo } from "./support/solo.ts";

const payload = new Uint8Array(1);

test("§8, checklist 12: a leader's first entry is empty and of its own term", () => {
  const leader = new Solo({ terms: [1, 1] });
  leader.becomeLeader();
  const { persist } = leader.take();
  assert.equal(
    persist?.entries.map(({ index, term, kind, data }) => [index, term, kind, data.length]),
    [[3, 2, EntryKind.NOOP, 0]],
  );
});

test("§5.3: an entry is committed when a majority has it on disk", () => {
  const leader = new Solo({ members: [1, 2, 3, 4, 5] });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 1));
  assert.is(leader.raft.commitIndex, 0);
  leader.receive(leader.accept(3, 1));
  assert.is(leader.raft.commitIndex, 1);
});

test("dissertation §10.2.1: the leader's own disk counts only when it has written", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.take();
  leader.receive(leader.accept(2, 1));
  assert.is(leader.raft.commitIndex, 0);
  leader.persist();
  assert.is(leader.raft.commitIndex, 1);
});

test("dissertation §10.2.1, checklist 16: two followers of three commit without the leader's disk", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.take();
  for (const from of [2, 3]) leader.receive(leader.accept(from, 1));
  assert.is(leader.raft.commitIndex, 1);
});

test("§5.4.2, checklist 11: an entry of an older term is not committed by counting, only with one of its own term", () => {
  const leader = new Solo({ terms: [1, 2] });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 2));
  leader.receive(leader.accept(3, 2));
  assert.is(leader.raft.commitIndex, 0);
  leader.receive(leader.accept(2, 3));
  assert.is(leader.raft.commitIndex, 3);
});

test("§5.3: acknowledgements that come again, or late, neither commit more nor take anything back", () => {
  const leader = new Solo({ members: [1, 2, 3, 4, 5] });
  leader.becomeLeader();
  leader.raft.propose([payload, payload]);
  leader.work();
  for (let i = 0; i < 3; i++) leader.receive(leader.accept(2, 3));
  assert.is(leader.raft.commitIndex, 0);
  leader.receive(leader.accept(3, 3));
  leader.receive(leader.accept(3, 1));
  assert.is(leader.raft.commitIndex, 3);
});

test("§5.1: an acknowledgement of an older term counts for nothing", () => {
  const leader = new Solo({ terms: [1, 1] });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 3, { term: 1 }));
  assert.is(leader.raft.commitIndex, 0);
});

test("an acknowledgement of a server that is no member counts for nothing", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(9, 1));
  assert.is(leader.raft.commitIndex, 0);
});

test("a follower that claims more than the leader has breaks the rules", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  assert.throws(() => leader.receive(leader.accept(2, 5)), /server 2 has more than its leader/);
});

test("§5.3: followers learn the commit index with the next entries", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 1));
  leader.raft.propose([payload]);
  const [append] = appendsTo(2, leader.work());
  assert.equal([append?.lastIndex, append?.commitIndex], [2, 1]);
});

test("§5.3: without new entries, they learn it at the next tick, once", () => {
  const leader = new Solo({ config: { heartbeatTicks: 5 } });
  leader.becomeLeader();
  leader.work();
  leader.receive(leader.accept(2, 1));
  assert.equal(appendsTo(2, leader.work()), []);
  leader.tick(1);
  assert.equal(
    appendsTo(2, leader.work()).map(({ commitIndex }) => commitIndex),
    [1],
  );
  leader.tick(1);
  assert.equal(appendsTo(2, leader.work()), []);
});

test("all members have on disk what the slowest has: only that may be discarded", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.raft.propose([payload, payload]);
  leader.work();
  leader.receive(leader.accept(2, 3));
  assert.is(leader.take().discardIndex, 0);
  leader.receive(leader.accept(3, 2));
  assert.is(leader.take().discardIndex, 2);
});

test("a leader's status tells what it knows to be on each member's disk", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.raft.propose([payload, payload]);
  leader.take();
  leader.receive(leader.accept(3, 2));
  assert.equal([...leader.raft.status().matchIndex].sort(), [
    [1, 0],
    [2, 0],
    [3, 2],
  ]);
});

test("§5.2: only a leader takes proposals, and says who leads where it is known", () => {
  const follower = new Solo();
  assert.equal(follower.raft.propose([payload]), { outcome: "notLeader", leader: 0 });
  follower.receive(follower.appendRequest(3, { term: 1 } satisfies Partial<AppendRequest>));
  assert.equal(follower.raft.propose([payload]), { outcome: "notLeader", leader: 3 });
});

test("a proposal says where its entries stand, so that its fate can be told", () => {
  const leader = new Solo({ terms: [1, 1] });
  leader.becomeLeader();
  assert.equal(leader.raft.propose([payload, payload]), { outcome: "accepted", firstIndex: 4, term: 2 });
  assert.equal(leader.raft.propose([payload]), { outcome: "accepted", firstIndex: 6, term: 2 });
});

test.run();
