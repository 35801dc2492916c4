import { test } from "uvu";
import * as assert from "uvu/assert";
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

test.run();
