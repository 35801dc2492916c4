/** Another server of the cluster, and the calls that are made to it. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type RaftAppendRes,
  type RaftForwardRes,
  type RaftHelloRes,
  type RaftMember,
  type RaftReadIndexRes,
  RaftStatus,
  type RaftV1Handlers,
  raftV1Service,
} from "../../src/kv/gen/raft.ts";
import type { ClusterIdentity } from "../../src/kv/identity.ts";
import { Membership } from "../../src/kv/membership.ts";
import { Peer } from "../../src/kv/peer.ts";
import { unformedRaftHandlers } from "../../src/kv/unformed-services.ts";
import type { AppendRequest, Message } from "../../src/raft/index.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { type SimulatedHost, SimulatedNetwork } from "../support/simulated-network.ts";

const MEMBERS = [1, 2].map((server) => ({ server, incarnation: 100 + server, address: `s${server}:9` }));
const OK = { term: 1, success: true, matchIndex: 0, hintIndex: 0, hintTerm: 0, round: 3 };

const HEARTBEAT: AppendRequest = {
  kind: "appendRequest",
  from: 1,
  to: 2,
  term: 1,
  replyTo: 0,
  prevIndex: 0,
  prevTerm: 0,
  commitIndex: 0,
  discardIndex: 0,
  round: 3,
  entries: [],
};

/** Server 1's view of server 2, which answers what the test says. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly network = new SimulatedNetwork(this.clock, seededRandom(2));
  readonly events: string[] = [];
  readonly rooms: string[] = [];
  readonly responses: Message[] = [];
  readonly saved: ClusterIdentity[] = [];
  hello: RaftHelloRes = { self: MEMBERS[1]!, cluster: 5, members: MEMBERS, called: "s1:9" };
  /** How many have reached server 2. */
  appends = 0;
  append: RaftAppendRes = { status: RaftStatus.RAFT_OK, ok: OK };
  readIndex: RaftReadIndexRes = { status: RaftStatus.RAFT_OK, ok: { confirmed: true, term: 4, index: 9 } };
  forward: RaftForwardRes | Promise<RaftForwardRes> = {
    status: RaftStatus.RAFT_OK,
    ok: { leads: true, result: Uint8Array.of(1, 2, 3, 4) },
  };
  readonly peer: Peer;
  private host: SimulatedHost;

  constructor(members: readonly RaftMember[] = MEMBERS) {
    const cluster = { id: 5, members };
    const save = (changed: ClusterIdentity): Promise<void> => {
      this.saved.push(changed);
      return Promise.resolve();
    };
    const membership = new Membership({ ...MEMBERS[0]!, cluster }, cluster, save);
    const events = {
      onResponse: (message: Message) => this.responses.push(message),
      onLost: (server: number) => this.events.push(`lost ${server}`),
      onGone: (server: number) => this.events.push(`gone ${server}`),
      onRoom: (server: number, hasRoom: boolean) => this.rooms.push(`${server} ${hasRoom}`),
      onRefused: (server: number, message: string) => this.events.push(`refused ${server}: ${message}`),
    };
    this.peer = new Peer(MEMBERS[1]!, membership, this.network.host("s1:9"), events);
    this.host = this.start();
  }

  /** A process of server 2. */
  start(): SimulatedHost {
    const handlers: RaftV1Handlers = {
      ...unformedRaftHandlers(() => this.hello),
      append: () => {
        this.appends += 1;
        return this.append;
      },
      readIndex: () => this.readIndex,
      forward: () => this.forward,
    };
    this.host = this.network.host("s2:9");
    this.host.serve([raftV1Service(handlers)]);
    return this.host;
  }

  stop(): void {
    this.host.end();
  }

  async heartbeat(): Promise<void> {
    this.peer.appendEntries(HEARTBEAT);
    await this.clock.advance(10);
  }

  refuse(status: Exclude<RaftStatus, typeof RaftStatus.RAFT_OK>, message: string): void {
    this.append = { status, refusal: { message } };
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.clock.complete(promise, 10_000, "it is answered");
  }
}

test("an answer is reported with what only the request knew", async () => {
  const bench = new Bench();
  await bench.heartbeat();
  assert.equal(bench.responses, [
    { kind: "appendResponse", from: 2, to: 1, replyTo: 0, prevIndex: 0, ...OK },
  ]);
  assert.equal(bench.events, []);
});

test("a request without an answer is reported as lost, whatever the reason", async () => {
  const bench = new Bench();
  bench.network.cut("s1:9", "s2:9");
  await bench.heartbeat();
  await bench.clock.advance(6_000);
  assert.equal(bench.events, ["lost 2"]);
  assert.is(bench.peer.reachable, false);
});

test("nothing is asked of a server with another data directory than the member's (RAFT_CHECKLIST 22)", async () => {
  const bench = new Bench();
  bench.hello = { ...bench.hello, self: { ...MEMBERS[1]!, incarnation: 999 } };
  await bench.heartbeat();
  await bench.heartbeat();
  assert.is(bench.appends, 0);
  assert.equal(bench.events, ["lost 2", "lost 2"], "its own operator is told");
});

test("nothing is asked of a server that has another id, or has not joined the cluster yet", async () => {
  for (const answer of [{ self: { ...MEMBERS[1]!, server: 7 } }, { cluster: 0 }]) {
    const bench = new Bench();
    bench.hello = { ...bench.hello, ...answer };
    await bench.heartbeat();
    assert.is(bench.appends, 0);
    assert.equal(bench.events, ["lost 2"]);
  }
});

test("a server that belongs to another cluster: the operator is told", async () => {
  const bench = new Bench();
  bench.hello = { ...bench.hello, cluster: 6 };
  await bench.heartbeat();
  assert.is(bench.appends, 0);
  assert.equal(bench.events, [
    "refused 2: the server at s2:9 belongs to another cluster than the data directory of this one; was that made anew, or mixed up with another?",
    "lost 2",
  ]);
});

test("a server that knows this one with another data directory: this one has lost its own, and is told", async () => {
  const bench = new Bench();
  const [self, other] = MEMBERS as [RaftMember, RaftMember];
  bench.hello = { ...bench.hello, members: [{ ...self, incarnation: 999 }, other] };
  await bench.heartbeat();
  assert.is(bench.appends, 0);
  assert.match(
    bench.events[0]!,
    /^refused 2: server 1 has another data directory than before; a server that lost/,
  );
});

test("a member that is known by its id alone is taken for the first data directory that answers, once that is saved", async () => {
  const [self, other] = MEMBERS as [RaftMember, RaftMember];
  const bench = new Bench([self, { ...other, incarnation: 0 }]);
  await bench.heartbeat();
  assert.is(bench.responses.length, 1);
  assert.equal(bench.saved, [{ id: 5, members: MEMBERS }]);
  bench.stop();
  bench.hello = { ...bench.hello, self: { ...other, incarnation: 999 } };
  bench.start();
  await bench.heartbeat();
  assert.is(bench.appends, 1, "another one is not");
});

test("on a new connection it is asked anew who is there: it may be another process, on another disk", async () => {
  const bench = new Bench();
  await bench.heartbeat();
  assert.is(bench.appends, 1);
  bench.stop();
  bench.hello = { ...bench.hello, self: { ...MEMBERS[1]!, incarnation: 999 } };
  bench.start();
  await bench.clock.advance(100);
  await bench.heartbeat();
  assert.is(bench.appends, 1);
  assert.equal(bench.events, ["gone 2", "lost 2"], "the member is gone");
});

test("a server that turns out to be the member later is used then", async () => {
  const bench = new Bench();
  const member = bench.hello;
  bench.hello = { ...member, cluster: 0 };
  await bench.heartbeat();
  bench.hello = member;
  await bench.heartbeat();
  assert.is(bench.responses.length, 1);
});

test("a refusal is lost for the core, and told to the operator once", async () => {
  const bench = new Bench();
  bench.refuse(RaftStatus.RAFT_WRONG_INCARNATION, "another data directory");
  await bench.heartbeat();
  await bench.heartbeat();
  assert.equal(bench.events, ["lost 2", "refused 2: another data directory", "lost 2"]);
});

test("whether a server's disk has room is seen by what it says to entries, not by heartbeats", async () => {
  const bench = new Bench();
  const entries = [{ index: 1, term: 1, kind: 1 as const, data: new Uint8Array(4) }];
  bench.refuse(RaftStatus.RAFT_NO_SPACE, "the disk of server 2 is full");
  bench.peer.appendEntries({ ...HEARTBEAT, entries });
  await bench.clock.advance(10);
  bench.append = { status: RaftStatus.RAFT_OK, ok: OK };
  await bench.heartbeat();
  assert.equal(bench.rooms, ["2 false"]);
  bench.peer.appendEntries({ ...HEARTBEAT, entries });
  await bench.clock.advance(10);
  assert.equal(bench.rooms, ["2 false", "2 true"]);
});

test("a server that has not joined the cluster yet refuses nothing: it is just not ready", async () => {
  const bench = new Bench();
  bench.refuse(RaftStatus.RAFT_NOT_FORMED, "the receiver has not joined its cluster yet");
  await bench.heartbeat();
  assert.equal(bench.events, ["lost 2"]);
});

test("a process that ends, and does not come back, is gone", async () => {
  const bench = new Bench();
  await bench.heartbeat();
  bench.stop();
  await bench.clock.advance(100);
  assert.equal(bench.events, ["gone 2"]);
});

test("a connection that breaks, and can be made again at once, is no sign that the server is gone", async () => {
  const bench = new Bench();
  await bench.heartbeat();
  bench.stop();
  bench.start();
  await bench.clock.advance(100);
  assert.equal(bench.events, []);
  assert.is(bench.peer.reachable, true);
});

test("a closed peer is quiet: what was on its way is lost, and its server is not said to be gone", async () => {
  const bench = new Bench();
  await bench.heartbeat();
  bench.peer.appendEntries(HEARTBEAT);
  bench.peer.close();
  bench.stop();
  await bench.clock.advance(100);
  assert.equal(bench.events, ["lost 2"]);
});

test("a peer is kept connected, so that its end is noticed", async () => {
  const bench = new Bench();
  assert.is(bench.peer.reachable, false);
  bench.peer.keepConnected();
  await bench.clock.advance(10);
  assert.is(bench.peer.reachable, true);
});

test("the read index comes with its term; null when the peer cannot confirm or refuses", async () => {
  const bench = new Bench();
  assert.equal(await bench.complete(bench.peer.readIndex(100)), { term: 4, index: 9 });
  bench.readIndex = { status: RaftStatus.RAFT_OK, ok: { confirmed: false, term: 4, index: 0 } };
  assert.is(await bench.complete(bench.peer.readIndex(100)), null);
  bench.readIndex = { status: RaftStatus.RAFT_NOT_FORMED, refusal: { message: "" } };
  assert.is(await bench.complete(bench.peer.readIndex(100)), null);
});

test("a forwarded call comes back with its result; null when the peer does not lead or refuses", async () => {
  const bench = new Bench();
  const args = new Uint8Array(8);
  assert.equal(await bench.complete(bench.peer.forward(1, args, 100)), Uint8Array.of(1, 2, 3, 4));
  bench.forward = { status: RaftStatus.RAFT_OK, ok: { leads: false, result: new Uint8Array(0) } };
  assert.is(await bench.complete(bench.peer.forward(1, args, 100)), null);
  bench.forward = { status: RaftStatus.RAFT_WRONG_CLUSTER, refusal: { message: "" } };
  assert.is(await bench.complete(bench.peer.forward(1, args, 100)), null);
});

test("clients' calls that the leader takes long to answer do not hold up elections and replication", async () => {
  const bench = new Bench();
  bench.network.callsInFlightLimit = 1;
  bench.forward = new Promise(() => {});
  for (let i = 0; i < 3; i++) bench.peer.forward(1, new Uint8Array(8), 5_000).catch(() => {});
  await bench.clock.advance(10);
  await bench.heartbeat();
  assert.is(bench.responses.length, 1);
});

test.run();
