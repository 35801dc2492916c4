import { DAMAGE_ADVICE } from "./damage-advice.ts";
import type { RaftMember } from "./gen/raft.ts";
import type { Disk, Random } from "./ports.ts";
import { KvServerError } from "./server-error.ts";

const FILE = "identity.json";
const FORMAT = 1;

/** Who a data directory belongs to. */
export interface Identity {
  readonly server: number;
  /** Drawn at random with the directory: tells this disk from any other that was ever used for the same server id. */
  readonly incarnation: number;
  /** host:port under which the other servers reach this one. */
  readonly address: string;
  /** The cluster it belongs to; null until it is formed. */
  readonly cluster: ClusterIdentity | null;
}

export interface ClusterIdentity {
  readonly id: number;
  /** In the order of their server ids; this server is one of them. Incarnation 0: not heard of yet. */
  readonly members: readonly RaftMember[];
}

/**
 * The identity of a data directory: what is in it, or a new one that was made durable.
 * @throws KvServerError when the directory belongs to another server, or the file makes no sense
 */
export async function loadIdentity(
  disk: Disk,
  random: Random,
  server: number,
  address: string,
): Promise<Identity> {
  const found = await readIdentity(disk);
  if (found === undefined) {
    const fresh: Identity = { server, incarnation: random.identifier(), address, cluster: null };
    await saveIdentity(disk, fresh);
    return fresh;
  }
  if (found.server !== server) {
    throw new KvServerError(
      "USAGE",
      `${disk.path} belongs to server ${found.server}; start it with --id=${found.server} or give --id=${server} a --data-dir of its own`,
    );
  }
  if (found.address === address) return found;
  if (found.cluster !== null) {
    throw new KvServerError(
      "DISAGREEMENT",
      `${disk.path}: the cluster knows this server as ${found.address}, not ${address}; start it with that --host and --port, or with --advertise=${found.address}`,
    );
  }
  const moved = { ...found, address };
  await saveIdentity(disk, moved);
  return moved;
}

/** Replaces the file so that after a crash there is the old one or the new one. */
export async function saveIdentity(disk: Disk, identity: Identity): Promise<void> {
  const temporary = `${FILE}.new`;
  if ((await disk.list()).includes(temporary)) await disk.remove(temporary);
  const file = await disk.create(temporary);
  try {
    await file.write(
      0,
      new TextEncoder().encode(`${JSON.stringify({ format: FORMAT, ...identity }, null, 2)}\n`),
    );
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(temporary, FILE);
  await disk.syncDirectory();
}

async function readIdentity(disk: Disk): Promise<Identity | undefined> {
  if (!(await disk.list()).includes(FILE)) return undefined;
  const file = await disk.open(FILE);
  try {
    const text = new TextDecoder().decode(await file.read(0, await file.size()));
    return parseIdentity(text, disk);
  } finally {
    await file.close();
  }
}

function parseIdentity(text: string, disk: Disk): Identity {
  try {
    const value: unknown = JSON.parse(text);
    if (isIdentityFile(value)) {
      const { server, incarnation, address, cluster } = value;
      return { server, incarnation, address, cluster };
    }
  } catch {
    // Falls through: what does not parse is as damaged as what parses to something else.
  }
  throw new KvServerError("DAMAGED", `${disk.path}/${FILE} is damaged: ${DAMAGE_ADVICE}`);
}

function isIdentityFile(value: unknown): value is Identity & { format: number } {
  return (
    isRecord(value) &&
    value["format"] === FORMAT &&
    isPositive(value["server"]) &&
    isPositive(value["incarnation"]) &&
    typeof value["address"] === "string" &&
    (value["cluster"] === null || isClusterOf(value["server"], value["cluster"]))
  );
}

function isClusterOf(server: unknown, value: unknown): boolean {
  if (!isRecord(value) || !isPositive(value["id"]) || !Array.isArray(value["members"])) return false;
  const members: readonly unknown[] = value["members"];
  const servers = members.map((member) => (isMember(member) ? member.server : undefined));
  return (
    servers.includes(server as number) &&
    !servers.includes(undefined) &&
    new Set(servers).size === servers.length
  );
}

function isMember(value: unknown): value is RaftMember {
  return (
    isRecord(value) &&
    isPositive(value["server"]) &&
    Number.isSafeInteger(value["incarnation"]) &&
    typeof value["address"] === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
