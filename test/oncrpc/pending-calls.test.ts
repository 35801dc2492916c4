import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type PendingCall, PendingCalls } from "../../src/oncrpc/pending-calls.ts";
import { ECHO } from "../support/echo-service.ts";

function pendingCall(xid: number): PendingCall {
  return {
    xid,
    procedure: ECHO,
    timeoutMs: 0,
    deadlineMs: 0,
    resolve: () => {},
    reject: () => {},
    unsentRecord: undefined,
    releaseSignal: undefined,
  };
}

test("xids count up, through 2^32", () => {
  const calls = new PendingCalls(0xffff_fffd);
  assert.equal([calls.nextXid(), calls.nextXid(), calls.nextXid()], [0xffff_fffe, 0xffff_ffff, 0]);
});

test("xids begin anywhere", () => {
  const starts = new Set(Array.from({ length: 20 }, () => new PendingCalls().nextXid()));
  assert.is(starts.size, 20);
});

test("an xid that is not waiting finds nothing, even where its slot is taken", () => {
  const calls = new PendingCalls(0);
  const call = pendingCall(calls.nextXid());
  calls.add(call);
  assert.is(calls.get(call.xid), call);
  for (let distance = 1; distance < 4096; distance++) assert.is(calls.get(call.xid + distance), undefined);
});

test("whatever is added and removed, each waiting call is found under its xid, and no other", () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff_ffff),
      fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant("add" as const) }, fc.nat(1000)), {
        maxLength: 600,
        size: "max",
      }),
      (firstXid, steps) => {
        const calls = new PendingCalls(firstXid);
        const waiting: PendingCall[] = [];
        const gone: PendingCall[] = [];
        for (const step of steps) {
          if (step === "add") {
            const call = pendingCall(calls.nextXid());
            calls.add(call);
            waiting.push(call);
          } else if (waiting.length > 0) {
            const [call] = waiting.splice(step % waiting.length, 1);
            calls.remove(call!);
            gone.push(call!);
          }
        }
        assert.is(calls.size, waiting.length);
        for (const call of waiting) assert.is(calls.get(call.xid), call);
        for (const call of gone) assert.is(calls.get(call.xid), undefined);
        assert.is(new Set(waiting.map((call) => call.xid)).size, waiting.length);
        assert.equal(new Set(calls.list()), new Set(waiting));
      },
    ),
    { numRuns: 200 },
  );
});

test.run();
