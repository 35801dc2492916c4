import { test } from "uvu";
import * as assert from "uvu/assert";
import { Solo, type SoloOptions } from "./support/solo.ts";

const mistakes: [string, SoloOptions, RegExp][] = [
  ["an id that is no positive integer", { id: 0, members: [0] }, /not a positive integer/],
  ["a server that is not among its members", { id: 4, members: [1, 2, 3] }, /not among the members/],
  ["a member that is named twice", { members: [1, 2, 2] }, /named twice/],
  ["heartbeats at no interval", { config: { heartbeatTicks: 0 } }, /heartbeatTicks/],
  ["an election time-out within a heartbeat", { config: { heartbeatTicks: 10 } }, /electionTicks/],
];

for (const [mistake, options, message] of mistakes) {
  test(`${mistake} is refused at the start`, () => {
    assert.throws(() => new Solo(options), message);
  });
}

test("the shortest times that are allowed elect a leader", () => {
  const leader = new Solo({ config: { heartbeatTicks: 1, electionTicks: 2 } });
  leader.becomeLeader();
  assert.is(leader.raft.role, "leader");
});

test.run();
