import { createHash } from "node:crypto";
import type { RaftHelloRes, RaftMember } from "./gen/raft.ts";
import type { ClusterIdentity } from "./identity.ts";
import type { PeerList } from "./peer-list.ts";

/** What a server that has not joined a cluster knows of itself. */
export interface Newcomer {
  readonly self: RaftMember;
  /** The other servers' addresses, as given by `--peers`. */
  readonly peerAddresses: readonly string[];
}

export type Agreement =
  | { readonly kind: "waiting"; readonly forAddresses: readonly string[] }
  | { readonly kind: "agreed"; readonly cluster: ClusterIdentity }
  | { readonly kind: "disagreement"; readonly message: string };

/**
 * Decides who the members of a new cluster are, from what each peer said of itself (RAFT_HELLO).
 *
 * They agree when each names the same set of addresses, is reached under its own address, and has an id of its
 * own. Since incarnations are drawn once for each data directory, all servers that come to agree come to the same
 * members, and make the same cluster id from them.
 *
 * @param answers  by the address that was asked
 */
export function agreeOnMembers(newcomer: Newcomer, answers: ReadonlyMap<string, RaftHelloRes>): Agreement {
  for (const [address, answer] of answers) {
    const problem = findProblem(newcomer, address, answer) ?? findSharedId(address, answer, answers);
    if (problem !== undefined) return { kind: "disagreement", message: problem };
  }
  for (const [address, answer] of answers) {
    if (answer.cluster === 0) continue;
    const problem =
      findExclusion(newcomer.self, address, answer) ?? findOtherCluster(address, answer, answers);
    if (problem !== undefined) return { kind: "disagreement", message: problem };
    return { kind: "agreed", cluster: { id: answer.cluster, members: answer.members } };
  }
  const missing = newcomer.peerAddresses.filter((address) => !answers.has(address));
  if (missing.length > 0) return { kind: "waiting", forAddresses: missing };
  const members = [newcomer.self, ...[...answers.values()].map((answer) => answer.self)];
  return { kind: "agreed", cluster: foundCluster(members) };
}

/**
 * What a server says of itself to one that asks, until it has joined its cluster. Members that were named are a
 * cluster from the start; one that was told of addresses alone can adopt it.
 */
export function introduce(self: RaftMember, peers: PeerList): RaftHelloRes {
  if (peers.kind === "members") {
    const { id, members } = nameCluster(self, peers.members);
    return { self, cluster: id, members, called: "" };
  }
  const members = peers.addresses.map((address) => ({ server: 0, incarnation: 0, address }));
  return { self, cluster: 0, members, called: "" };
}

/** The cluster of servers that were named with their ids, so that none has to be asked. */
export function nameCluster(self: RaftMember, others: readonly RaftMember[]): ClusterIdentity {
  const members = [self, ...others].sort(byServer);
  return { id: clusterIdOf(members.map((member) => ({ ...member, incarnation: 0 }))), members };
}

function foundCluster(unsorted: readonly RaftMember[]): ClusterIdentity {
  const members = [...unsorted].sort(byServer);
  return { id: clusterIdOf(members), members };
}

/** The id of the cluster that these servers form: it follows from them, so that each comes to the same one. */
function clusterIdOf(members: readonly RaftMember[]): number {
  const text = members.map((member) => `${member.server} ${member.incarnation} ${member.address}\n`).join("");
  const digest = createHash("sha256").update(text).digest();
  // 52 bits, so that it is exact as a number; never 0, which means "none".
  return digest.readUIntBE(0, 6) * 16 + (digest[6]! & 15) || 1;
}

function byServer(a: RaftMember, b: RaftMember): number {
  return a.server - b.server;
}

function findProblem(newcomer: Newcomer, address: string, answer: RaftHelloRes): string | undefined {
  const { self } = newcomer;
  if (answer.self.incarnation === self.incarnation) {
    return `--peers names this server itself (${address}); leave it out`;
  }
  if (answer.self.server === self.server) {
    return `the server at ${address} was started with --id=${self.server} too; give each server an id of its own`;
  }
  if (answer.self.address !== address) {
    return `the server that --peers calls ${address} calls itself ${answer.self.address}; start it with --advertise=${address}, or name it ${answer.self.address} in --peers`;
  }
  const theirs = answer.members.map((member) => member.address);
  if (answer.cluster === 0 && !theirs.includes(self.address)) {
    return `server ${answer.self.server} at ${address} was started with --peers=${theirs.join(",")}, which does not name this server, ${self.address}; change its --peers, or start this one with the --advertise address that it names`;
  }
  const ours = [self.address, ...newcomer.peerAddresses].sort();
  const all = answer.cluster === 0 ? [answer.self.address, ...theirs].sort() : theirs.sort();
  if (ours.join() !== all.join()) {
    return `this server was told of the members ${ours.join(", ")}, server ${answer.self.server} at ${address} of ${all.join(", ")}; give all servers the same ones`;
  }
  return undefined;
}

function findSharedId(
  address: string,
  answer: RaftHelloRes,
  answers: ReadonlyMap<string, RaftHelloRes>,
): string | undefined {
  for (const [other, { self }] of answers) {
    if (other !== address && self.server === answer.self.server) {
      return `the servers at ${address} and ${other} were both started with --id=${self.server}; give each an id of its own`;
    }
  }
  return undefined;
}

/** Why a cluster that exists already does not count this server among its members; undefined when it does. */
function findExclusion(self: RaftMember, address: string, answer: RaftHelloRes): string | undefined {
  const entry = answer.members.find((member) => member.server === self.server);
  if (entry === undefined) {
    const ids = answer.members.map((member) => member.server).join(", ");
    return `the server at ${address} belongs to a cluster of the servers ${ids}, and ${self.server} is not one of them`;
  }
  if (entry.incarnation !== 0 && entry.incarnation !== self.incarnation) {
    return `the cluster knows server ${self.server} with another data directory; if that one is lost, this server must not take its place under the same id: restore the directory from a copy made after it last ran, or leave it off`;
  }
  return undefined;
}

function findOtherCluster(
  address: string,
  answer: RaftHelloRes,
  answers: ReadonlyMap<string, RaftHelloRes>,
): string | undefined {
  for (const [other, { cluster }] of answers) {
    if (cluster !== 0 && cluster !== answer.cluster) {
      return `the servers at ${address} and ${other} belong to different clusters; move the data directory of one of them away, or name other --peers`;
    }
  }
  return undefined;
}
