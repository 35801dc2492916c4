import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Comparison, judge, type Target, type Verdict } from "../../bench/harness/comparison.ts";
import { median } from "../../bench/harness/median.ts";
import { formatTable } from "../../bench/harness/table.ts";

function comparison(sundial: readonly number[], peer: readonly number[], target?: Target): Comparison {
  return { benchmark: "puts", unit: "puts/s", peerName: "etcd", sundial, peer, target };
}

function verdict(sundial: readonly number[], peer: readonly number[], target?: Target): Verdict {
  return judge(comparison(sundial, peer, target)).verdict;
}

test("the median of an even count is the mean of the two in the middle", () => {
  assert.is(median([]), undefined);
  assert.is(median([3]), 3);
  assert.is(median([9, 1, 2]), 2);
  assert.is(median([9, 1, 2, 4]), 3);
});

test("the ratio is the median of the rounds' ratios, not the ratio of the medians", () => {
  const result = judge(comparison([100, 10, 300], [100, 1, 100]));
  assert.is(result.ratio, 3);
  assert.is(result.sundialMedian, 100);
  assert.is(result.peerMedian, 100);
});

test("at least, at most and within are judged on their own side, the limit included", () => {
  const fourfold: Target = { kind: "atLeast", ratio: 4 };
  assert.is(verdict([400], [100], fourfold), "ok");
  assert.is(verdict([399], [100], fourfold), "short");
  const notLater: Target = { kind: "atMost", ratio: 1 };
  assert.is(verdict([10], [10], notLater), "ok");
  assert.is(verdict([11], [10], notLater), "short");
  const within: Target = { kind: "within", value: 100 };
  assert.is(verdict([100], [], within), "ok");
  assert.is(verdict([101], [1000], within), "short");
});

test("without a peer there is no verdict on a ratio, and without a target none at all", () => {
  assert.is(verdict([400], [], { kind: "atLeast", ratio: 4 }), "no peer");
  assert.is(verdict([], [], { kind: "within", value: 100 }), "short");
  assert.is(verdict([400], [100]), "");
});

test("the table has a line for each comparison", () => {
  const results = [
    judge(comparison([48_000.4], [6_000], { kind: "atLeast", ratio: 4 })),
    judge({ ...comparison([0.51234], [], { kind: "within", value: 1 }), benchmark: "p99", unit: "ms" }),
  ];
  assert.is(
    formatTable(results),
    [
      "| benchmark | unit   | Sundial |       peer | ratio | target  |     |",
      "| --------- | ------ | ------: | ---------: | ----: | ------- | --- |",
      "| puts      | puts/s |  48,000 | etcd 6,000 | 8.00x | >= 4x   | ok  |",
      "| p99       | ms     |   0.512 |          - |     - | <= 1 ms | ok  |",
    ].join("\n"),
  );
});

test.run();
