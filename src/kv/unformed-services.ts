import { KvRole, KvStatus, type KvStatusRes, type KvV1Handlers } from "./gen/kv.ts";
import { type RaftHelloRes, type RaftRefusal, RaftStatus, type RaftV1Handlers } from "./gen/raft.ts";
import { SOFTWARE } from "./software.ts";

/** What a server answers to clients as long as it belongs to no cluster. */
export function unformedKvHandlers(server: number, address: string): KvV1Handlers {
  const header = { cluster: 0, server, term: 0, revision: 0 };
  const message = "the cluster is not formed yet: the servers have not all found each other";
  const refused = (): {
    header: typeof header;
    result: { status: typeof KvStatus.KV_UNAVAILABLE; message: string };
  } => ({
    header,
    result: { status: KvStatus.KV_UNAVAILABLE, message },
  });
  const status = (): KvStatusRes => ({
    header,
    status: {
      software: SOFTWARE,
      role: KvRole.KV_FOLLOWER,
      leader: 0,
      lastIndex: 0,
      commitIndex: 0,
      appliedIndex: 0,
      keys: 0,
      storeHash: 0,
      sessions: 0,
      memoryBytes: process.memoryUsage.rss(),
      alarms: 0,
      members: [{ server, address, reachable: true, matchIndex: 0 }],
    },
  });
  return {
    null: () => {},
    put: refused,
    get: refused,
    delete: refused,
    range: refused,
    replicas: refused,
    status,
  };
}

/** What a server answers to other servers as long as it belongs to no cluster: only who it is. */
export function unformedRaftHandlers(hello: () => RaftHelloRes): RaftV1Handlers {
  const refusal: RaftRefusal = { message: "the receiver has not joined its cluster yet" };
  const refused = (): { status: typeof RaftStatus.RAFT_NOT_FORMED; refusal: RaftRefusal } => ({
    status: RaftStatus.RAFT_NOT_FORMED,
    refusal,
  });
  return {
    null: () => {},
    hello,
    vote: refused,
    append: refused,
    timeoutNow: refused,
    readIndex: refused,
    forward: refused,
  };
}
