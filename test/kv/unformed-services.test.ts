/** What a server answers before it belongs to a cluster, and the texts that people get to see. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_PROGRAM, KvRole, KvStatus, type KvStatusRes, KvWhen, kvV1Service } from "../../src/kv/gen/kv.ts";
import { RaftStatus, raftV1Service } from "../../src/kv/gen/raft.ts";
import { statusText } from "../../src/kv/status-text.ts";
import { unformedKvHandlers, unformedRaftHandlers } from "../../src/kv/unformed-services.ts";
import type { CallContext, RpcService } from "../../src/oncrpc/procedure.ts";
import { encodeXdr } from "../../src/xdr/index.ts";

const CONTEXT: CallContext = {
  peer: "test",
  xid: 1,
  credential: { flavor: "none" },
  argBytes: new Uint8Array(0),
  onGone: () => () => {},
};

const HELLO = { self: { server: 3, incarnation: 9, address: "c:3" }, cluster: 0, members: [], called: "" };

const WRITE = {
  session: new Uint8Array(8),
  sequence: 0,
  key: Buffer.from("k"),
  condition: { when: KvWhen.KV_ALWAYS },
};

/** Answers of all procedures, by their numbers, after a way through the codecs. */
function answers(service: RpcService, args: Readonly<Record<number, unknown>>): Map<number, unknown> {
  const found = new Map<number, unknown>();
  for (const [number, { procedure, handler }] of service.procedures) {
    const result: unknown = handler(args[number], CONTEXT);
    encodeXdr(procedure.result, result);
    found.set(number, result);
  }
  return found;
}

test("clients are told that there is no cluster yet; the status is answered", () => {
  const service = kvV1Service(unformedKvHandlers(3, "c:3"));
  assert.is(service.prog, KV_PROGRAM);
  const header = { cluster: 0, server: 3, term: 0, revision: 0 };
  for (const [number, res] of answers(service, { 1: { ...WRITE, value: WRITE.session }, 3: WRITE })) {
    if (number === 0) assert.is(res, undefined);
    else if (number === 5) {
      const { role, leader, members } = (res as KvStatusRes).status;
      assert.equal([role, leader], [KvRole.KV_FOLLOWER, 0]);
      assert.equal(members, [{ server: 3, address: "c:3", reachable: true, matchIndex: 0 }]);
    } else {
      const message = "the cluster is not formed yet: the servers have not all found each other";
      assert.equal(res, { header, result: { status: KvStatus.KV_UNAVAILABLE, message } });
    }
  }
});

test("other servers are told who this one is, and that it takes part in nothing yet", () => {
  for (const [number, res] of answers(raftV1Service(unformedRaftHandlers(() => HELLO)), {})) {
    if (number === 0) assert.is(res, undefined);
    else if (number === 1) assert.equal(res, HELLO);
    else assert.is((res as { status: RaftStatus }).status, RaftStatus.RAFT_NOT_FORMED);
  }
});

test("every status has a text of its own, on one line", () => {
  const texts = Object.values(KvStatus).map(statusText);
  assert.is(new Set(texts).size, texts.length);
  assert.ok(texts.every((text) => text.length > 0 && !text.includes("\n")));
});

test.run();
