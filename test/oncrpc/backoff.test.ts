import { test } from "uvu";
import * as assert from "uvu/assert";
import { backoffDelayMs } from "../../src/oncrpc/backoff.ts";

test("without a failure there is no wait", () => {
  assert.is(backoffDelayMs(0, 0.5), 0);
});

test("each failure doubles the wait, up to the most", () => {
  const options = { minMs: 10, maxMs: 100 };
  assert.equal(
    [1, 2, 3, 4, 5, 6, 1000, 5000].map((failures) => backoffDelayMs(failures, 1, options)),
    [10, 20, 40, 80, 100, 100, 100, 100],
  );
});

test("the wait is drawn from the upper half", () => {
  const options = { minMs: 10, maxMs: 100 };
  assert.equal(
    [0, 0.5, 1].map((random) => backoffDelayMs(3, random, options)),
    [20, 30, 40],
  );
});

test.run();
