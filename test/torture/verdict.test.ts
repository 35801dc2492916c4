/**
 * A checker that accepts everything would make every torture test pass (DESIGN §9): here it is shown stores that
 * broke a promise.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { History, type WriteReport } from "./history.ts";
import { type FinalState, findBrokenPromises } from "./verdict.ts";

const acknowledged = (revision: number): WriteReport => ({ kind: "acknowledged", revision });
const UNCERTAIN: WriteReport = { kind: "uncertain" };
const REFUSED: WriteReport = { kind: "refused" };

/** Two puts, of which one is uncertain, and a counter with two acknowledged increments. */
function someHistory(): History {
  const history = new History();
  history.notePut("a", "1", acknowledged(1));
  history.notePut("b", "2", UNCERTAIN);
  history.noteIncrement("n", 1, acknowledged(2));
  history.noteRead("n", 1, 1);
  history.noteIncrement("n", 2, acknowledged(3));
  return history;
}

const A = { key: "a", value: "1", keyVersion: 1 };
const B = { key: "b", value: "2", keyVersion: 1 };
const N = { key: "n", value: "2", keyVersion: 2 };

function state(pairs: FinalState["pairs"], changes: Partial<FinalState["servers"][number]> = {}): FinalState {
  const revision = pairs.reduce((sum, pair) => sum + pair.keyVersion, 0);
  const servers = [1, 2, 3].map((server) => ({ server, revision, storeHash: 7 }));
  servers[2] = { ...servers[2]!, ...changes };
  return { pairs, servers };
}

test("a store that kept every promise is accepted, whatever became of what is uncertain", () => {
  assert.equal(findBrokenPromises(someHistory(), state([A, N])), []);
  assert.equal(findBrokenPromises(someHistory(), state([A, B, N])), []);
});

test("a lost write is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([N])), ["a was acknowledged and is not there"]);
});

test("a wrong value is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([{ ...A, value: "x" }, N])), [
    "a is x, but 1 was put",
  ]);
  assert.equal(findBrokenPromises(someHistory(), state([A, { ...B, value: "x" }, N])), [
    "b is x, but 2 was put",
  ]);
});

test("a write that was applied twice is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([{ ...A, keyVersion: 2 }, N])), [
    "a was put once and applied 2 times",
  ]);
});

test("a write that was refused and applied nevertheless is found", () => {
  const history = someHistory();
  history.notePut("c", "3", REFUSED);
  assert.equal(findBrokenPromises(history, state([A, N])), []);
  assert.equal(findBrokenPromises(history, state([A, N, { key: "c", value: "3", keyVersion: 1 }])), [
    "c was refused and is there",
  ]);
});

test("a lost increment is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([A, { ...N, value: "1", keyVersion: 1 }])), [
    "n is 1 after 2 acknowledged increments",
    "n is 1 after 2 was acknowledged",
  ]);
});

test("an increment that was applied twice is found, unless it may have been an uncertain one", () => {
  const history = someHistory();
  const twice = state([A, { ...N, value: "3", keyVersion: 3 }]);
  assert.equal(findBrokenPromises(history, twice), ["n is 3, but at most 2 increments were made"]);
  history.noteIncrement("n", 3, UNCERTAIN);
  assert.equal(findBrokenPromises(history, twice), []);
});

test("a counter that was written more often than it was raised is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([A, { ...N, keyVersion: 3 }])), [
    "n is 2 after 3 writes",
  ]);
});

test("a stale read is found", () => {
  const history = someHistory();
  history.noteRead("n", 1, 2);
  assert.equal(findBrokenPromises(history, state([A, N])), ["n was read as 1 after 2 was acknowledged"]);
});

test("two writes with one revision are found", () => {
  const history = someHistory();
  history.notePut("c", "3", acknowledged(3));
  assert.equal(findBrokenPromises(history, state([A, N, { key: "c", value: "3", keyVersion: 1 }])), [
    "c and n = 2 were both told revision 3",
  ]);
});

test("a pair that nobody wrote is found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([A, N, { ...B, key: "z" }])), ["nobody has put z"]);
});

test("servers that differ are found", () => {
  assert.equal(findBrokenPromises(someHistory(), state([A, N], { storeHash: 8 })), [
    "server 3 has revision 3 and hash 8, server 1 3 and 7",
  ]);
  assert.equal(findBrokenPromises(someHistory(), state([A, N], { revision: 2 })), [
    "server 3 has revision 2 and hash 7, server 1 3 and 7",
  ]);
});

test("a revision that belongs to no pair is found", () => {
  const { pairs, servers } = state([A, N]);
  const more = servers.map((server) => ({ ...server, revision: 4 }));
  assert.equal(findBrokenPromises(someHistory(), { pairs, servers: more }), [
    "the pairs were written 3 times, but the revision is 4",
  ]);
});

test.run();
