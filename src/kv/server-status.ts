import type { Raft, Role, ServerId } from "../raft/index.ts";
import { KvRole, type KvServerStatus } from "./gen/kv.ts";
import type { Membership } from "./membership.ts";
import { SOFTWARE } from "./software.ts";
import type { StateMachine } from "./state-machine.ts";

export interface ServerStatusParts {
  readonly raft: Pick<Raft, "status">;
  readonly machine: StateMachine;
  readonly membership: Membership;
  readonly isReachable: (server: ServerId) => boolean;
  readonly isDiskFull: () => boolean;
}

/** The bit of `alarms` that says that the disk is full. */
export const ALARM_DISK_FULL = 1;

const KV_ROLES: Readonly<Record<Role, KvRole>> = {
  follower: KvRole.KV_FOLLOWER,
  candidate: KvRole.KV_CANDIDATE,
  leader: KvRole.KV_LEADER,
};

/** How this server is, as it knows by itself. */
export function serverStatus(parts: ServerStatusParts): KvServerStatus {
  const { membership, machine, isReachable, isDiskFull } = parts;
  const { role, leader, lastIndex, commitIndex, matchIndex } = parts.raft.status();
  return {
    software: SOFTWARE,
    role: KV_ROLES[role],
    leader,
    lastIndex,
    commitIndex,
    appliedIndex: machine.appliedIndex,
    keys: machine.store.keyCount,
    storeHash: machine.store.hash,
    sessions: machine.sessions.size,
    memoryBytes: process.memoryUsage.rss(),
    alarms: isDiskFull() ? ALARM_DISK_FULL : 0,
    members: membership.members.map(({ server, address }) => ({
      server,
      address,
      reachable: server === membership.self.server || isReachable(server),
      matchIndex: matchIndex.get(server) ?? 0,
    })),
  };
}
