/** The I/O loop around the consensus core, where it ends: by a stop or by a failure (DESIGN §5, §6). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import type { RaftAppendArgs, RaftAppendRes, RaftVoteRes } from "../../src/kv/gen/raft.ts";
import { RaftStatus } from "../../src/kv/gen/raft.ts";
import type { CallContext } from "../../src/oncrpc/procedure.ts";
import { RaftInvariantError } from "../../src/raft/index.ts";
import { XdrError } from "../../src/xdr/index.ts";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import type { SimulatedServer } from "../support/simulated-server.ts";

const CONTEXT: CallContext = {
  peer: "test",
  xid: 1,
  credential: { flavor: "none" },
  argBytes: new Uint8Array(0),
  onGone: () => () => {},
};

/** An AppendEntries of `from`, as if it led in `term`. */
function append(
  from: SimulatedServer,
  to: SimulatedServer,
  term: number,
  rest: Partial<RaftAppendArgs> = {},
): Promise<RaftAppendRes> {
  const header = from.membership.headerFor(to.id);
  const place = { prevIndex: 0, prevTerm: 0, commitIndex: 0, discardIndex: 0, round: 0, entries: [] };
  return Promise.resolve(to.node.raft.append({ header, term, ...place, ...rest }, CONTEXT));
}

/** What a promise came to, when that is looked at later. */
function outcome<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => {
      seen.value = value;
    },
    (error: unknown) => {
      seen.error = error;
    },
  );
  return seen;
}

test("a request whose answer must wait for the disk is answered when the server stops, with a failure", async () => {
  const cluster = await SimulatedCluster.start();
  const [server, other] = cluster.servers as [SimulatedServer, SimulatedServer];
  await cluster.elect();
  server.diskDelayMs = Number.POSITIVE_INFINITY;
  const { node } = server;
  const term = node.status.term + 5;
  const appended = outcome(append(other, server, term));
  const header = other.membership.headerFor(server.id);
  const voting = node.raft.vote(
    { header, term: term + 1, lastIndex: 99, lastTerm: term, preVote: false, transfer: true },
    CONTEXT,
  ) as Promise<RaftVoteRes>;
  const voted = outcome(voting);
  await cluster.advance(500);
  assert.equal([appended, voted], [{}, {}]);
  await cluster.complete(node.stop(), "stopped");
  assert.match(String(appended.error), /stopping/);
  assert.match(String(voted.error), /stopping/);
});

test("a stopped server refuses requests of other servers, and reads and writes of clients", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const { node } = server;
  await cluster.complete(node.stop(), "stopped");
  const get = outcome(
    Promise.resolve(node.kv.get({ key: Buffer.from("k"), revision: 0, consistency: 0 }, CONTEXT)),
  );
  const session = new Uint8Array(8);
  const put = outcome(
    Promise.resolve(
      node.kv.put(
        { session, sequence: 0, key: Buffer.from("k"), value: session, condition: { when: 0 } },
        CONTEXT,
      ),
    ),
  );
  const replicas = outcome(Promise.resolve(node.kv.replicas({ revision: 0, waitMs: 60_000 }, CONTEXT)));
  await cluster.advance(1);
  assert.is(get.value?.result.status, KvStatus.KV_UNAVAILABLE);
  assert.is(put.value?.result.status, KvStatus.KV_UNAVAILABLE);
  assert.ok(replicas.value);
});

test("a committed entry that is no command ends the server: it must not go on without it", async () => {
  const cluster = await SimulatedCluster.start();
  const [server, other] = cluster.servers as [SimulatedServer, SimulatedServer];
  await cluster.elect();
  await cluster.converge();
  for (const one of cluster.servers) if (one !== server) cluster.isolate(one);
  const { term, lastIndex } = server.node.status;
  const entries = [{ term: term + 5, kind: 1 as const, data: Uint8Array.of(1, 2, 3) }];
  const prev = { prevIndex: lastIndex, prevTerm: term, commitIndex: lastIndex + 1 };
  const { machine } = server;
  outcome(append(other, server, term + 5, { ...prev, entries }));
  await cluster.until(() => server.failure !== undefined, "the server has failed");
  assert.instance(server.failure, XdrError);
  assert.is(machine.appliedIndex, lastIndex, "it was not counted as applied");
});

test("two leaders of one term, which cannot be, end the server that sees it (§5.2, election safety)", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const other = cluster.followers()[0]!;
  const { node } = leader;
  const seen = outcome(append(other, leader, node.status.term));
  await cluster.advance(0);
  assert.instance(leader.failure, RaftInvariantError);
  assert.match(String(seen.error), /stopping/);
});

test("a checkpoint that fails for good ends the server, and its clients are answered", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.put("k", "v"), "put");
  server.records.failNextCommit(Object.assign(new Error("the disk is broken"), { code: "EIO" }));
  await cluster.until(() => server.failure !== undefined, "the server has failed");
  assert.match(String(server.failure), /the disk is broken/);
});

test("a log that cannot be written ends the server (DESIGN §6: the first failed fdatasync)", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.put("k", "v"), "put");
  server.logDisk.failNext("EIO", "sync");
  const end = await cluster.complete(client.put("k", "w", { at: 1 }), "put");
  assert.is(end.kind, "uncertain");
  assert.match(String(server.failure), /EIO/);
});

test("a request that is refused is answered at once, and asks nothing of the core", async () => {
  const cluster = await SimulatedCluster.start();
  const [server, other] = cluster.servers as [SimulatedServer, SimulatedServer];
  await cluster.elect();
  const { term } = server.node.status;
  const header = { ...other.membership.headerFor(server.id), incarnation: 1234 };
  const place = { prevIndex: 0, prevTerm: 0, commitIndex: 0, discardIndex: 0, round: 0, entries: [] };
  const res = server.node.raft.append({ header, term: term + 100, ...place }, CONTEXT) as RaftAppendRes;
  assert.is(res.status, RaftStatus.RAFT_WRONG_INCARNATION);
  await cluster.advance(1_000);
  assert.is(server.node.status.term, term, "a stranger's high term deposes nobody (DESIGN §8)");
});

test.run();
