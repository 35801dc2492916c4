import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { majorityOf, reachedByMajority } from "../../src/raft/quorum.ts";

test("§5.2: a majority is more than half, so two of them always share a server", () => {
  assert.equal([1, 2, 3, 4, 5, 6, 7].map(majorityOf), [1, 2, 2, 3, 3, 4, 4]);
});

test("§5.3: what a majority has reached is the largest value that so many have reached", () => {
  const members = fc.array(fc.nat(20), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(members, (values) => {
      const reached = reachedByMajority([...values]);
      const atLeast = (value: number): number => values.filter((one) => one >= value).length;
      assert.ok(atLeast(reached) >= majorityOf(values.length));
      assert.ok(atLeast(reached + 1) < majorityOf(values.length));
    }),
  );
});

test.run();
