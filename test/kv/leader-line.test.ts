/** The way of reads and writes to the leader, when it is another server. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LeaderLine } from "../../src/kv/leader-line.ts";
import { RpcCancelledError, RpcTimeoutError, RpcTransportError } from "../../src/oncrpc/errors.ts";

function lineTo(forward: () => Promise<Uint8Array | null>): LeaderLine {
  const readIndex = (): Promise<{ index: number; term: number }> => Promise.resolve({ index: 5, term: 2 });
  return new LeaderLine(new Map([[2, { forward, readIndex }]]));
}

const ARGS = new Uint8Array(4);

test("the leader's result is passed on", async () => {
  const result = Uint8Array.of(1, 2, 3);
  assert.equal(await lineTo(() => Promise.resolve(result)).forward(2, 1, ARGS, 100), result);
  assert.equal(await lineTo(() => Promise.resolve(null)).forward(2, 1, ARGS, 100), null);
});

test("a call that was certainly not sent has done nothing, and is no failure", async () => {
  const errors = [
    new RpcTransportError("CONNECT_FAILED", "s2: connection refused", false),
    new RpcTimeoutError("s2: no connection", 100, false),
    new RpcCancelledError("CLIENT_CLOSED", "s2: closed", false),
  ];
  for (const error of errors) {
    assert.is(await lineTo(() => Promise.reject(error)).forward(2, 1, ARGS, 100), null, error.code);
  }
});

test("a call that was sent, and got no answer, may have been carried out (RAFT_CHECKLIST 27)", async () => {
  const errors = [
    new RpcTransportError("CONNECTION_LOST", "s2: connection lost", true),
    new RpcTimeoutError("s2: no reply", 100, true),
    new Error("something else"),
  ];
  for (const error of errors) {
    let thrown: unknown;
    await lineTo(() => Promise.reject(error))
      .forward(2, 1, ARGS, 100)
      .catch((reason: unknown) => {
        thrown = reason;
      });
    assert.is(thrown, error);
  }
});

test("nobody is asked where the leader is no other server", async () => {
  const line = lineTo(() => Promise.reject(new Error("asked")));
  assert.is(await line.forward(7, 1, ARGS, 100), null);
  assert.is(await line.readIndex(7, 100), null);
  assert.equal(await line.readIndex(2, 100), { index: 5, term: 2 });
});

test.run();
