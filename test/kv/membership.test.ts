/** Who belongs to the cluster, and who may speak for whom (DESIGN §5, §8; RAFT_CHECKLIST 22, 23). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type RaftHeader, RaftStatus } from "../../src/kv/gen/raft.ts";
import { type ClusterIdentity, type Identity, loadIdentity, saveIdentity } from "../../src/kv/identity.ts";
import { Membership } from "../../src/kv/membership.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { randomPort } from "../support/simulated-server.ts";

const CLUSTER: ClusterIdentity = {
  id: 555,
  members: [
    { server: 1, incarnation: 101, address: "a:9001" },
    { server: 2, incarnation: 102, address: "b:9002" },
    { server: 3, incarnation: 103, address: "c:9003" },
  ],
};

const SELF: Identity = { server: 1, incarnation: 101, address: "a:9001", cluster: CLUSTER };

/** Members 2 and 3 are known by id and address alone. */
const NAMED: ClusterIdentity = {
  id: 556,
  members: CLUSTER.members.map((member) => (member.server === 1 ? member : { ...member, incarnation: 0 })),
};

function formed(): Membership {
  return new Membership(SELF, CLUSTER, () => Promise.reject(new Error("nothing is to be saved")));
}

function header(changes: Partial<RaftHeader> = {}): RaftHeader {
  return { cluster: 555, from: 2, incarnation: 102, to: 1, ...changes };
}

test("a member's call for this server is taken", () => {
  assert.is(formed().check(header()), null);
});

test("a call of another cluster is refused", () => {
  assert.equal(formed().check(header({ cluster: 7 })), {
    status: RaftStatus.RAFT_WRONG_CLUSTER,
    message: "server 1 at a:9001 belongs to another cluster",
  });
});

test("a call for another server is refused: two answer to one address, or an address has changed", () => {
  assert.equal(formed().check(header({ to: 3 })), {
    status: RaftStatus.RAFT_WRONG_SERVER,
    message: "a:9001 is server 1, not 3",
  });
});

test("a call of a server that is no member is refused", () => {
  assert.equal(formed().check(header({ from: 4 })), {
    status: RaftStatus.RAFT_NOT_MEMBER,
    message: "server 4 is not a member of the cluster of 1, 2, 3",
  });
});

test("a call of a member's id with another data directory is refused, with what to do (RAFT_CHECKLIST 22)", () => {
  assert.equal(formed().check(header({ incarnation: 999 })), {
    status: RaftStatus.RAFT_WRONG_INCARNATION,
    message:
      "server 2 has another data directory than before; a server that lost its data must not come back under the same id: restore the directory from a copy made after it last ran, or leave it off",
  });
});

test("what a call says of itself comes back in the headers of the answering server's own calls", () => {
  assert.equal(formed().headerFor(3), { cluster: 555, from: 1, incarnation: 101, to: 3 });
});

test("a hello is answered with the members, and with the address that this server has of the asker", () => {
  const membership = formed();
  const answer = membership.hello({ server: 2, incarnation: 102, address: "elsewhere:1" });
  assert.equal(answer, {
    self: { server: 1, incarnation: 101, address: "a:9001" },
    cluster: 555,
    members: CLUSTER.members,
    called: "b:9002",
  });
  assert.is(membership.hello({ server: 9, incarnation: 1, address: "z:1" }).called, "");
  assert.equal(
    membership.peers.map(({ server }) => server),
    [2, 3],
  );
});

/** A server whose members were named, on a disk. */
class NamedBench {
  readonly clock = new SimulatedClock();
  readonly disk = new SimulatedDisk({
    random: seededRandom(4),
    later: (callback) => this.clock.after(1, callback),
  });
  readonly saved: ClusterIdentity[] = [];
  readonly membership: Membership;

  constructor() {
    const mount = this.disk.mount();
    this.membership = new Membership(SELF, NAMED, async (cluster) => {
      await saveIdentity(mount, { ...SELF, cluster });
      this.saved.push(cluster);
    });
  }

  check(from: number, incarnation: number): RaftStatus {
    return this.membership.check(header({ cluster: 556, from, incarnation }))?.status ?? RaftStatus.RAFT_OK;
  }

  /** The incarnations of members 1 to 3, as a restart would find them. */
  async onDisk(): Promise<number[]> {
    const disk = this.disk.mount();
    const load = loadIdentity(disk, randomPort(seededRandom(9)), 1, "a:9001");
    const { cluster } = await this.clock.complete(load, 1_000, "the identity is loaded");
    return cluster!.members.map(({ incarnation }) => incarnation);
  }
}

test("named members: the first data directory that speaks for an id is taken for it, once that is on disk", async () => {
  const bench = new NamedBench();
  assert.equal(bench.membership.check(header({ cluster: 556 })), {
    status: RaftStatus.RAFT_NOT_FORMED,
    message: "meeting server 2 for the first time",
  });
  assert.is(bench.check(2, 102), RaftStatus.RAFT_NOT_FORMED, "not before it is on disk");
  await bench.clock.advance(100);
  assert.is(bench.check(2, 102), RaftStatus.RAFT_OK);
  assert.is(bench.check(2, 999), RaftStatus.RAFT_WRONG_INCARNATION);
  assert.equal(await bench.onDisk(), [101, 102, 0]);
});

test("many calls of a member that is met for the first time cause one write", async () => {
  const bench = new NamedBench();
  for (let i = 0; i < 5; i++) bench.check(2, 102);
  await bench.clock.advance(100);
  assert.is(bench.saved.length, 1);
});

test("two members that are met at once are both remembered, also on disk", async () => {
  const bench = new NamedBench();
  bench.check(2, 102);
  bench.check(3, 103);
  await bench.clock.advance(100);
  assert.is(bench.check(2, 102), RaftStatus.RAFT_OK);
  assert.is(bench.check(3, 103), RaftStatus.RAFT_OK);
  assert.equal(await bench.onDisk(), [101, 102, 103]);
});

test("two data directories that claim an id at once: the first has it, in memory and on disk", async () => {
  const bench = new NamedBench();
  bench.check(2, 102);
  bench.check(2, 999);
  await bench.clock.advance(100);
  assert.is(bench.check(2, 102), RaftStatus.RAFT_OK);
  assert.is(bench.check(2, 999), RaftStatus.RAFT_WRONG_INCARNATION);
  assert.equal(await bench.onDisk(), [101, 102, 0]);
});

test("a member that could not be saved is met again with its next call", async () => {
  const bench = new NamedBench();
  bench.disk.failNext("ENOSPC", "create");
  bench.check(2, 102);
  await bench.clock.advance(100);
  assert.is(bench.check(2, 102), RaftStatus.RAFT_NOT_FORMED);
  await bench.clock.advance(100);
  assert.is(bench.check(2, 102), RaftStatus.RAFT_OK);
  assert.equal(await bench.onDisk(), [101, 102, 0]);
});

test.run();
