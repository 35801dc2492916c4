import { test } from "uvu";
import * as assert from "uvu/assert";
import { Cluster } from "./support/cluster.ts";
import { Solo } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

/** Server `id` of five, which follows server 3 in term 1. */
function followerOf3(id: number): Solo {
  const follower = new Solo({ id, members: [1, 2, 3, 4, 5] });
  follower.receive(follower.appendRequest(3, { term: 1 }));
  follower.work();
  return follower;
}

test("a follower that suspects its leader stands for election long before its time-out", () => {
  const follower = followerOf3(1);
  follower.raft.suspectLeader(3);
  assert.is(follower.raft.leader, 0);
  assert.ok(follower.tickUntilCandidate() < ELECTION_TICKS / 2);
});

test("followers that suspect the leader at the same moment stand one after the other, by their ids", () => {
  const waits = [1, 2, 4, 5].map((id) => {
    const follower = followerOf3(id);
    follower.tick(ELECTION_TICKS - 1);
    follower.raft.suspectLeader(3);
    return follower.tickUntilCandidate();
  });
  assert.equal(
    waits,
    [...new Set(waits)].sort((a, b) => a - b),
  );
});

test("a suspicion of somebody who does not lead is nothing", () => {
  const follower = followerOf3(1);
  follower.raft.suspectLeader(2);
  follower.raft.suspectLeader(0);
  assert.is(follower.raft.leader, 3);
  assert.ok(follower.tickUntilCandidate() >= ELECTION_TICKS);
});

test("a leader suspects nobody", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.raft.suspectLeader(1);
  leader.work();
  assert.is(leader.raft.role, "leader");
  assert.is(leader.raft.leader, 1);
});

test("a heartbeat ends the suspicion", () => {
  const follower = followerOf3(1);
  follower.raft.suspectLeader(3);
  follower.receive(follower.appendRequest(3, {}));
  assert.is(follower.raft.leader, 3);
  assert.ok(follower.tickUntilCandidate() >= ELECTION_TICKS);
});

test("dissertation §9.6: one follower's wrong suspicion does not cost the leader its office", () => {
  const cluster = new Cluster({ servers: 3 });
  const leader = cluster.elect(1);
  cluster.run(ELECTION_TICKS);
  cluster.server(2).suspectLeader(1);
  cluster.run(5 * ELECTION_TICKS);
  assert.is(leader.raft.role, "leader");
  assert.is(leader.raft.term, 1);
  assert.is(cluster.server(2).raft.leader, 1);
});

test("when all followers suspect a leader that is gone, there is another one well before the time-out", () => {
  const cluster = new Cluster({ servers: 5 });
  cluster.elect(1);
  cluster.run(3);
  cluster.server(1).crash();
  for (const follower of cluster.running) follower.suspectLeader(1);
  cluster.run(ELECTION_TICKS - 2);
  assert.is(cluster.leader?.raft.term, 2);
});

test("a server that has just started, and is told that nobody leads, stands for election soon", () => {
  const server = new Solo();
  server.raft.suspectLeader(0);
  assert.ok(server.tickUntilCandidate() < ELECTION_TICKS / 2);
});

test.run();
