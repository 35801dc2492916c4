/** What members of the cluster ask of a server (idl/raft.x; DESIGN §8). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_GET, KV_PUT, KvStatus, KvWhen, kvPutArgsCodec, kvPutResCodec } from "../../src/kv/gen/kv.ts";
import {
  type RaftEntry,
  type RaftForwardRes,
  type RaftHeader,
  type RaftReadIndexRes,
  RaftStatus,
} from "../../src/kv/gen/raft.ts";
import type { CallContext } from "../../src/oncrpc/procedure.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";

const CONTEXT: CallContext = {
  peer: "test",
  xid: 1,
  credential: { flavor: "none" },
  argBytes: new Uint8Array(0),
  onGone: () => () => {},
};

const PUT_ARGS = encodeXdr(kvPutArgsCodec, {
  session: new Uint8Array(8),
  sequence: 0,
  key: Buffer.from("k"),
  value: Buffer.from("v"),
  condition: { when: KvWhen.KV_ALWAYS },
});

interface Stage {
  readonly cluster: SimulatedCluster;
  readonly leader: SimulatedServer;
  readonly follower: SimulatedServer;
  readonly other: SimulatedServer;
}

async function stage(): Promise<Stage> {
  const cluster = await SimulatedCluster.start();
  await cluster.converge();
  // All have met all.
  await cluster.advance(1_000);
  const [follower, other] = cluster.followers() as [SimulatedServer, SimulatedServer];
  return { cluster, leader: cluster.leader!, follower, other };
}

function forward(
  from: SimulatedServer,
  to: SimulatedServer,
  proc: number,
  args = PUT_ARGS,
): Promise<RaftForwardRes> {
  const header = from.membership.headerFor(to.id);
  return Promise.resolve(to.node.raft.forward({ header, proc, args }, CONTEXT));
}

test("every procedure looks at who asks before anything else, and refuses strangers (DESIGN §8)", async () => {
  const { leader, follower, cluster } = await stage();
  const { raft } = leader.node;
  const good = follower.membership.headerFor(leader.id);
  const term = 1_000;
  const strangers: [RaftHeader, RaftStatus][] = [
    [{ ...good, cluster: good.cluster + 1 }, RaftStatus.RAFT_WRONG_CLUSTER],
    [{ ...good, to: 2_000 }, RaftStatus.RAFT_WRONG_SERVER],
    [{ ...good, from: 2_000 }, RaftStatus.RAFT_NOT_MEMBER],
    [{ ...good, incarnation: 1 }, RaftStatus.RAFT_WRONG_INCARNATION],
  ];
  for (const [header, status] of strangers) {
    const place = { prevIndex: 0, prevTerm: 0, commitIndex: 0, discardIndex: 0, round: 0, entries: [] };
    const vote = { lastIndex: 1_000, lastTerm: 1_000, preVote: false, transfer: true };
    const answers = [
      await raft.append({ header, term, ...place }, CONTEXT),
      await raft.vote({ header, term, ...vote }, CONTEXT),
      await raft.timeoutNow({ header, term }, CONTEXT),
      await raft.readIndex({ header }, CONTEXT),
      await raft.forward({ header, proc: KV_PUT.proc, args: PUT_ARGS }, CONTEXT),
    ];
    assert.equal(
      answers.map((answer) => answer.status),
      answers.map(() => status),
    );
  }
  await cluster.advance(2_000);
  assert.is(cluster.leader, leader, "a stranger's high term deposes nobody");
  assert.is(leader.machine.revision, 0);
});

test("a hello is answered to anybody: it is how a server finds out that it is a stranger", async () => {
  const { leader } = await stage();
  const self = { server: 77, incarnation: 1, address: "elsewhere:1" };
  const answer = await leader.node.raft.hello({ self, cluster: 0, members: [], called: "" }, CONTEXT);
  assert.equal([answer.self.server, answer.members.length, answer.called], [leader.id, 3, ""]);
  assert.is(await leader.node.raft.null(CONTEXT), undefined);
});

test("a leader carries out a forwarded write, and says so in the result's own bytes", async () => {
  const { cluster, leader, follower } = await stage();
  const res = await cluster.complete(forward(follower, leader, KV_PUT.proc), "the write is answered");
  assert.is(res.status, RaftStatus.RAFT_OK);
  const { leads, result } = (res as Extract<RaftForwardRes, { status: 0 }>).ok;
  assert.is(leads, true);
  const put = decodeXdr(kvPutResCodec, result);
  assert.equal([put.header.server, put.result.status], [leader.id, KvStatus.KV_OK]);
});

test("a server that does not lead does nothing with a forwarded write, and says so: it goes no further", async () => {
  const { cluster, follower, other } = await stage();
  const res = await cluster.complete(forward(other, follower, KV_PUT.proc), "the write is answered");
  assert.equal(res, { status: RaftStatus.RAFT_OK, ok: { leads: false, result: new Uint8Array(0) } });
  await cluster.advance(500);
  assert.is(cluster.leader!.machine.revision, 0);
});

test("only what must be done by the leader may be forwarded", async () => {
  const { cluster, leader, follower } = await stage();
  for (const proc of [0, KV_GET.proc, 4, 5, 99]) {
    const res = await cluster.complete(forward(follower, leader, proc, new Uint8Array(0)), "it is answered");
    assert.equal(res, { status: RaftStatus.RAFT_OK, ok: { leads: false, result: new Uint8Array(0) } });
  }
});

test("forwarded arguments that do not decode never reach the log", async () => {
  const { cluster, leader, follower } = await stage();
  const { lastIndex } = leader.node.status;
  let thrown: unknown;
  await cluster
    .complete(forward(follower, leader, KV_PUT.proc, PUT_ARGS.subarray(4)), "it is answered")
    .catch((error: unknown) => {
      thrown = error;
    });
  assert.match(String(thrown), /XdrError/);
  assert.is(leader.node.status.lastIndex, lastIndex);
});

test("the read index of a leader is confirmed; a server that does not lead, or cannot show it, has none", async () => {
  const { cluster, leader, follower, other } = await stage();
  const ask = (from: SimulatedServer, to: SimulatedServer): Promise<RaftReadIndexRes> =>
    Promise.resolve(to.node.raft.readIndex({ header: from.membership.headerFor(to.id) }, CONTEXT));
  const { term, commitIndex } = leader.node.status;
  const confirmed = await cluster.complete(ask(follower, leader), "it is answered");
  assert.equal(confirmed, { status: RaftStatus.RAFT_OK, ok: { confirmed: true, term, index: commitIndex } });
  const none = await cluster.complete(ask(other, follower), "it is answered");
  assert.equal(none, { status: RaftStatus.RAFT_OK, ok: { confirmed: false, term, index: 0 } });
  cluster.isolate(leader);
  const cutOff = await cluster.complete(ask(follower, leader), "it is answered");
  assert.is(cutOff.status === RaftStatus.RAFT_OK && cutOff.ok.confirmed, false);
});

test("a server whose disk is full refuses entries and takes heartbeats, so that it goes on following (DESIGN §6)", async () => {
  const { cluster, leader, follower } = await stage();
  const { raft } = follower.node;
  follower.fillDisk(0);
  const client = cluster.client();
  while (!follower.log.full) await cluster.complete(client.put("k", "x".repeat(10_000)), "the put is done");
  const header = leader.membership.headerFor(follower.id);
  const { term, lastIndex } = leader.node.status;
  const place = {
    header,
    term,
    prevIndex: lastIndex,
    prevTerm: term,
    commitIndex: 0,
    discardIndex: 0,
    round: 0,
  };
  const entry: RaftEntry = { term, kind: 1, data: new Uint8Array(65_000) };
  const refused = await raft.append({ ...place, entries: [entry] }, CONTEXT);
  assert.equal(refused, {
    status: RaftStatus.RAFT_NO_SPACE,
    refusal: { message: `the disk of server ${follower.id} is full` },
  });
  const heartbeat = Promise.resolve(
    raft.append({ ...place, prevIndex: 0, prevTerm: 0, entries: [] }, CONTEXT),
  );
  assert.is((await cluster.complete(heartbeat, "it is answered")).status, RaftStatus.RAFT_OK);
});

test("the log keeps the entries of a request as they came, without a copy: the network does not use their memory again", async () => {
  const { cluster, leader, follower } = await stage();
  cluster.isolate(leader);
  cluster.isolate(follower);
  const { term, lastIndex } = follower.node.status;
  const header = leader.membership.headerFor(follower.id);
  const data = Buffer.from("some command");
  const place = { prevIndex: lastIndex, prevTerm: term, commitIndex: 0, discardIndex: 0, round: 0 };
  const entries: RaftEntry[] = [{ term, kind: 1, data }];
  const appended = Promise.resolve(follower.node.raft.append({ header, term, ...place, entries }, CONTEXT));
  await cluster.complete(appended, "it is answered");
  const [entry] = await follower.log.entriesFrom(lastIndex + 1, lastIndex + 1, 1_000);
  assert.is(entry!.data, data);
});

test.run();
