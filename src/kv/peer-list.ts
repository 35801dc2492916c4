import { formatAddress, parseAddress, RpcAddressError } from "../oncrpc/index.ts";
import { RAFT_MEMBERS_MAX, type RaftMember } from "./gen/raft.ts";
import { KvServerError } from "./server-error.ts";

/** Bytes in a host name (RFC 1035 §2.3.4). */
const HOST_MAX = 255;

/** What `--peers` says: addresses alone, or all with the servers' ids. */
export type PeerList =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  /** Incarnations are not known: 0. */
  | { readonly kind: "members"; readonly members: readonly RaftMember[] };

/**
 * Reads `localhost:9002,localhost:9003` or `2@localhost:9002,3@localhost:9003`.
 * @throws KvServerError `USAGE`
 */
export function parsePeerList(text: string): PeerList {
  const items = text.split(",").map((item) => item.trim());
  if (text.trim() === "") return { kind: "addresses", addresses: [] };
  if (items.length >= RAFT_MEMBERS_MAX) {
    const problem = `${items.length} others are named; a cluster has ${RAFT_MEMBERS_MAX} servers at most`;
    throw new KvServerError("USAGE", `--peers: ${problem}`);
  }
  const named = items.filter((item) => item.includes("@")).length;
  if (named !== 0 && named !== items.length) {
    throw new KvServerError("USAGE", `--peers=${text}: name the ids of all servers (2@host:port) or of none`);
  }
  if (named === 0) {
    const addresses = items.map((item) => checkAddress(item, text));
    requireDistinct(addresses, text);
    return { kind: "addresses", addresses };
  }
  const members = items.map((item) => parseMember(item, text));
  requireDistinct(
    members.map((member) => member.address),
    text,
  );
  requireDistinct(
    members.map((member) => `id ${member.server}`),
    text,
  );
  return { kind: "members", members };
}

function parseMember(item: string, text: string): RaftMember {
  const at = item.indexOf("@");
  const server = Number(item.slice(0, at));
  if (!/^[1-9][0-9]{0,8}$/.test(item.slice(0, at))) {
    throw new KvServerError(
      "USAGE",
      `--peers=${text}: "${item.slice(0, at)}" is not a server id (1, 2, 3, …)`,
    );
  }
  return { server, incarnation: 0, address: checkAddress(item.slice(at + 1), text) };
}

function checkAddress(item: string, text: string): string {
  try {
    const { host, port } = parseAddress(item);
    if (host.length > HOST_MAX) {
      throw new KvServerError(
        "USAGE",
        `--peers: a name of ${host.length} bytes is longer than any (${HOST_MAX})`,
      );
    }
    if (port !== 0) return formatAddress(host, port);
  } catch (error) {
    if (!(error instanceof RpcAddressError)) throw error;
    throw new KvServerError("USAGE", `--peers=${text}: ${error.message}`);
  }
  throw new KvServerError("USAGE", `--peers=${text}: address "${item}": port 0 cannot be reached`);
}

function requireDistinct(items: readonly string[], text: string): void {
  const twice = items.find((item, i) => items.indexOf(item) !== i);
  if (twice !== undefined) throw new KvServerError("USAGE", `--peers=${text}: ${twice} is named twice`);
}
