/** Nothing leaves before what it depends on is on disk (RAFT_CHECKLIST 1). */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Outbox } from "../../src/kv/outbox.ts";
import type { HeldMessage, OutgoingMessage } from "../../src/raft/index.ts";

/** A message that is known by its term. */
function held(term: number, after: number): HeldMessage {
  return { after, message: { kind: "timeoutNow", from: 1, to: 2, term } };
}

function bench(): { readonly outbox: Outbox; readonly sent: number[] } {
  const sent: number[] = [];
  return { sent, outbox: new Outbox((message: OutgoingMessage) => sent.push(message.term)) };
}

test("what depends on nothing leaves at once", () => {
  const { outbox, sent } = bench();
  outbox.post([held(1, 0), held(2, 0)]);
  assert.equal(sent, [1, 2]);
});

test("what depends on a write leaves when that is on disk, not with an earlier one", () => {
  const { outbox, sent } = bench();
  outbox.post([held(1, 7)]);
  outbox.persisted(6);
  assert.equal(sent, []);
  outbox.persisted(7);
  assert.equal(sent, [1]);
  outbox.persisted(8);
  assert.equal(sent, [1]);
});

test("what depends on a write that is on disk already leaves at once", () => {
  const { outbox, sent } = bench();
  outbox.persisted(7);
  outbox.post([held(1, 7), held(2, 8), held(3, 3)]);
  assert.equal(sent, [1, 3]);
});

test("a message that waits does not hold up one that need not", () => {
  const { outbox, sent } = bench();
  outbox.post([held(1, 2), held(2, 0), held(3, 1)]);
  outbox.persisted(1);
  assert.equal(sent, [2, 3]);
});

test("a message that is posted while others are sent is neither lost nor sent twice", () => {
  const sent: number[] = [];
  const outbox: Outbox = new Outbox((message) => {
    sent.push(message.term);
    if (message.term === 1) outbox.post([held(10, 5), held(11, 9)]);
  });
  outbox.post([held(1, 5), held(2, 5)]);
  outbox.persisted(5);
  assert.equal(sent, [1, 10, 2]);
  outbox.persisted(9);
  assert.equal(sent, [1, 10, 2, 11]);
});

test("whatever the order of posts and writes, each message leaves once, and never too early", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("post" as const), after: fc.nat(12) }),
    fc.record({ kind: fc.constant("persisted" as const), by: fc.integer({ min: 1, max: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let persisted = 0;
      let posted = 0;
      const needs = new Map<number, number>();
      const sent: number[] = [];
      const outbox = new Outbox(({ term }) => {
        assert.ok(needs.get(term)! <= persisted);
        sent.push(term);
      });
      for (const one of steps) {
        if (one.kind === "post") {
          posted += 1;
          needs.set(posted, one.after);
          outbox.post([held(posted, one.after)]);
        } else {
          persisted += one.by;
          outbox.persisted(persisted);
        }
      }
      const due = [...needs].filter(([, after]) => after <= persisted).map(([term]) => term);
      assert.equal(
        sent.sort((a, b) => a - b),
        due,
      );
    }),
  );
});

test.run();
