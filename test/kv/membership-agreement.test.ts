/** How servers that know each other's addresses come to agree on who the members are (DESIGN §5; RAFT_CHECKLIST 22, 23). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { RaftHelloRes, RaftMember } from "../../src/kv/gen/raft.ts";
import { type Agreement, agreeOnMembers, introduce, nameCluster } from "../../src/kv/membership-agreement.ts";

const ONE: RaftMember = { server: 1, incarnation: 101, address: "a:1" };
const TWO: RaftMember = { server: 2, incarnation: 102, address: "b:2" };
const THREE: RaftMember = { server: 3, incarnation: 103, address: "c:3" };
const ALL = [ONE, TWO, THREE];

function unknown(address: string): RaftMember {
  return { server: 0, incarnation: 0, address };
}

/** What a server says that was told of the others' addresses. */
function unformed(self: RaftMember, ...peers: readonly string[]): RaftHelloRes {
  return { self, cluster: 0, members: peers.map(unknown), called: "" };
}

function formed(self: RaftMember, members: readonly RaftMember[], cluster: number = 55): RaftHelloRes {
  return { self, cluster, members, called: "a:1" };
}

/** What server 1, told of b:2 and c:3, makes of answers; those that were not given are as they should be. */
function agree(answers: Record<string, RaftHelloRes | null>, self: RaftMember = ONE): Agreement {
  const good = { "b:2": unformed(TWO, "a:1", "c:3"), "c:3": unformed(THREE, "a:1", "b:2") };
  const given = Object.entries({ ...good, ...answers });
  const heard = given.filter((one): one is [string, RaftHelloRes] => one[1] !== null);
  return agreeOnMembers({ self, peerAddresses: ["b:2", "c:3"] }, new Map(heard));
}

function disagreement(answers: Record<string, RaftHelloRes | null>, self: RaftMember = ONE): string {
  const agreement = agree(answers, self);
  assert.is(agreement.kind, "disagreement", JSON.stringify(agreement));
  return (agreement as Extract<Agreement, { kind: "disagreement" }>).message;
}

function clusterOf(agreement: Agreement): { readonly id: number; readonly members: readonly RaftMember[] } {
  assert.is(agreement.kind, "agreed", JSON.stringify(agreement));
  return (agreement as Extract<Agreement, { kind: "agreed" }>).cluster;
}

test("all have answered and agree: the members are who they said they are, in the order of their ids", () => {
  assert.equal(clusterOf(agree({})).members, ALL);
});

test("each server comes to the same cluster from its own questions", () => {
  const tell = (self: RaftMember): RaftHelloRes =>
    unformed(self, ...ALL.filter((other) => other !== self).map(({ address }) => address));
  const clusters = ALL.map((self) => {
    const others = ALL.filter((other) => other !== self).reverse();
    const peerAddresses = others.map(({ address }) => address);
    const answers = new Map(others.map((other) => [other.address, tell(other)]));
    return clusterOf(agreeOnMembers({ self, peerAddresses }, answers));
  });
  assert.equal(clusters[1], clusters[0]);
  assert.equal(clusters[2], clusters[0]);
});

test("other data directories make another cluster", () => {
  const other = { ...TWO, incarnation: 999 };
  const first = clusterOf(agree({}));
  const second = clusterOf(agree({ "b:2": unformed(other, "a:1", "c:3") }));
  assert.is.not(first.id, second.id);
  assert.ok(Number.isSafeInteger(first.id) && first.id > 0);
});

test("a server without peers is a cluster of one", () => {
  const agreement = agreeOnMembers({ self: ONE, peerAddresses: [] }, new Map());
  assert.equal(clusterOf(agreement).members, [ONE]);
});

test("as long as one has not answered all wait for it", () => {
  assert.equal(agree({ "c:3": null }), { kind: "waiting", forAddresses: ["c:3"] });
  assert.equal(agree({ "b:2": null, "c:3": null }), { kind: "waiting", forAddresses: ["b:2", "c:3"] });
});

test("disagreement: a server that names itself", () => {
  assert.is(
    disagreement({ "b:2": unformed({ ...ONE, address: "b:2" }, "b:2", "c:3") }),
    "--peers names this server itself (b:2); leave it out",
  );
});

test("disagreement: a peer with this server's id", () => {
  assert.is(
    disagreement({ "b:2": unformed({ ...TWO, server: 1 }, "a:1", "c:3") }),
    "the server at b:2 was started with --id=1 too; give each server an id of its own",
  );
});

test("disagreement: two peers with one id (RAFT_CHECKLIST 23)", () => {
  assert.is(
    disagreement({ "c:3": unformed({ ...THREE, server: 2 }, "a:1", "b:2") }),
    "the servers at b:2 and c:3 were both started with --id=2; give each an id of its own",
  );
});

test("disagreement: a peer that calls itself by another address", () => {
  assert.is(
    disagreement({ "b:2": unformed({ ...TWO, address: "localhost:2" }, "a:1", "c:3") }),
    "the server that --peers calls b:2 calls itself localhost:2; start it with --advertise=b:2, or name it localhost:2 in --peers",
  );
});

test("disagreement: a peer that was not told of this server, or by another address", () => {
  assert.is(
    disagreement({ "b:2": unformed(TWO, "localhost:1", "c:3") }),
    "server 2 at b:2 was started with --peers=localhost:1,c:3, which does not name this server, a:1; change its --peers, or start this one with the --advertise address that it names",
  );
});

test("disagreement: a peer that was told of more servers, or fewer", () => {
  assert.is(
    disagreement({ "b:2": unformed(TWO, "a:1", "c:3", "d:4") }),
    "this server was told of the members a:1, b:2, c:3, server 2 at b:2 of a:1, b:2, c:3, d:4; give all servers the same ones",
  );
  assert.is(
    disagreement({ "b:2": unformed(TWO, "a:1") }),
    "this server was told of the members a:1, b:2, c:3, server 2 at b:2 of a:1, b:2; give all servers the same ones",
  );
});

test("a disagreement is told also while others have not answered", () => {
  const agreement = agree({ "b:2": unformed({ ...TWO, server: 1 }, "a:1", "c:3"), "c:3": null });
  assert.is(agreement.kind, "disagreement");
});

test("a cluster that is formed already is joined as it is, without the others' answers", () => {
  assert.equal(clusterOf(agree({ "b:2": formed(TWO, ALL), "c:3": null })), { id: 55, members: ALL });
});

test("a formed cluster that knows this server by its id alone takes it in", () => {
  const members = [{ ...ONE, incarnation: 0 }, TWO, THREE];
  assert.equal(clusterOf(agree({ "b:2": formed(TWO, members) })), { id: 55, members });
});

test("disagreement: a formed cluster without this server's id", () => {
  const members = [{ ...ONE, server: 4 }, TWO, THREE];
  assert.is(
    disagreement({ "b:2": formed(TWO, members) }),
    "the server at b:2 belongs to a cluster of the servers 4, 2, 3, and 1 is not one of them",
  );
});

test("disagreement: a formed cluster at other addresses", () => {
  assert.is(
    disagreement({ "b:2": formed(TWO, [ONE, TWO, { ...THREE, address: "d:4" }]) }),
    "this server was told of the members a:1, b:2, c:3, server 2 at b:2 of a:1, b:2, d:4; give all servers the same ones",
  );
});

test("disagreement: the data directory was lost (RAFT_CHECKLIST 22)", () => {
  assert.is(
    disagreement({ "b:2": formed(TWO, ALL) }, { ...ONE, incarnation: 999 }),
    "the cluster knows server 1 with another data directory; if that one is lost, this server must not take its place under the same id: restore the directory from a copy made after it last ran, or leave it off",
  );
});

test("disagreement: two formed clusters", () => {
  assert.is(
    disagreement({ "b:2": formed(TWO, ALL, 55), "c:3": formed(THREE, ALL, 66) }),
    "the servers at b:2 and c:3 belong to different clusters; move the data directory of one of them away, or name other --peers",
  );
});

test("named members form the same cluster without being asked, whichever of them begins", () => {
  const named = ALL.map((member) => ({ ...member, incarnation: 0 }));
  const [one, two, three] = named as [RaftMember, RaftMember, RaftMember];
  const first = nameCluster(ONE, [three, two]);
  const second = nameCluster(TWO, [one, three]);
  assert.is(first.id, second.id);
  assert.equal(first.members, [ONE, two, three]);
  assert.equal(second.members, [one, TWO, three]);
  assert.is.not(nameCluster(ONE, [two, { ...three, address: "d:4" }]).id, first.id);
});

test("named members say that they are a cluster before they have joined it: a server told of addresses adopts it", () => {
  const others = [ONE, THREE].map((member) => ({ ...member, incarnation: 0 }));
  const answer = introduce(TWO, { kind: "members", members: others });
  const { id, members } = clusterOf(agree({ "b:2": answer, "c:3": null }));
  assert.is(id, nameCluster(TWO, others).id);
  assert.equal(
    members.map(({ incarnation }) => incarnation),
    [0, 102, 0],
  );
});

test("servers that were told of addresses say so, and are no cluster yet", () => {
  const answer = introduce(TWO, { kind: "addresses", addresses: ["a:1", "c:3"] });
  assert.equal(answer, unformed(TWO, "a:1", "c:3"));
});

test.run();
