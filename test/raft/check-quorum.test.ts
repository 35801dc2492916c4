import { test } from "uvu";
import * as assert from "uvu/assert";
import { Cluster } from "./support/cluster.ts";
import { Solo } from "./support/solo.ts";

/** The election time-out of `Cluster` and `Solo`. */
const ELECTION_TICKS = 10;

test("checklist 15: a leader that hears no majority steps down within two election time-outs", () => {
  const cluster = new Cluster({ servers: 5 });
  const leader = cluster.elect(1);
  for (const id of [3, 4, 5]) {
    cluster.network.cut(id, 1);
  }
  for (let ticks = 0; ticks < 2 * ELECTION_TICKS; ticks++) {
    leader.tick();
    cluster.settle();
  }
  assert.is(leader.raft.role, "follower");
  assert.is(leader.raft.leader, 0);
});

test("checklist 15: a leader that hears a bare majority stays", () => {
  const cluster = new Cluster({ servers: 5 });
  const leader = cluster.elect(1);
  for (const id of [4, 5]) cluster.network.cut(id, 1);
  for (let ticks = 0; ticks < 5 * ELECTION_TICKS; ticks++) {
    leader.tick();
    cluster.settle();
  }
  assert.is(leader.raft.role, "leader");
});

test("checklist 15: a leader that steps down refuses the reads that wait", () => {
  const leader = new Solo();
  leader.becomeLeader();
  leader.work();
  assert.ok(leader.raft.readIndex(7));
  leader.work();
  leader.tick(2 * ELECTION_TICKS);
  assert.is(leader.raft.role, "follower");
  assert.equal(leader.take().refusedReads, [7]);
});

test("checklist 15: a leader that is cut off steps down however often it is asked to hand over", () => {
  const leader = new Solo();
  leader.becomeLeader();
  for (let ticks = 0; ticks < 2 * ELECTION_TICKS; ticks++) {
    leader.raft.transferLeadership(2);
    leader.tick(1);
    leader.work();
  }
  assert.is(leader.raft.role, "follower");
});

test.run();
