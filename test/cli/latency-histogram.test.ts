import { test } from "uvu";
import * as assert from "uvu/assert";
import { LatencyHistogram } from "../../src/cli/kv-client/latency-histogram.ts";
import { seededRandom } from "../support/seeded-random.ts";

test("without times all quantiles are 0", () => {
  assert.is(new LatencyHistogram().quantileMs(0.99), 0);
});

test("quantiles are within 1/128 of those of the sorted times, whatever their size", () => {
  const random = seededRandom(7);
  const histogram = new LatencyHistogram();
  const times = Array.from({ length: 20_000 }, () => 10 ** (random() * 7 - 3));
  for (const ms of times) histogram.record(ms);
  times.sort((a, b) => a - b);
  for (const quantile of [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
    const exact = times[Math.ceil(times.length * quantile) - 1]!;
    const found = histogram.quantileMs(quantile);
    assert.ok(found >= exact * 0.999, `${quantile}: ${found} is less than ${exact}`);
    assert.ok(found <= exact * (1 + 1 / 128) + 0.001, `${quantile}: ${found} is much more than ${exact}`);
  }
  assert.is(histogram.maxMs, times.at(-1));
  assert.is(histogram.count, 20_000);
});

test("the edges between buckets keep the order of times", () => {
  let before = 0;
  for (let us = 1; us < 5000; us++) {
    const histogram = new LatencyHistogram();
    histogram.record(us / 1000);
    histogram.record(1e9);
    const found = histogram.quantileMs(0.5);
    assert.ok(found >= before && found >= us / 1000, `${us} µs`);
    before = found;
  }
});

test.run();
