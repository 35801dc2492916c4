import { join } from "node:path";
import { formatAddress, RpcServer } from "../oncrpc/index.ts";
import { requireConsistent } from "./consistency.ts";
import { DirectoryLock } from "./directory-lock.ts";
import { Formation } from "./formation.ts";
import { type KvV1Handlers, kvV1Service } from "./gen/kv.ts";
import { type RaftHelloArgs, RaftV1Client, type RaftV1Handlers, raftV1Service } from "./gen/raft.ts";
import { type ClusterIdentity, type Identity, loadIdentity, saveIdentity } from "./identity.ts";
import type { KvLimits } from "./kv-service.ts";
import { errnoOf } from "./log/errors.ts";
import { Log } from "./log/log.ts";
import type { LogPosition } from "./log/recovery.ts";
import { MemberNode } from "./member-node.ts";
import { Membership } from "./membership.ts";
import { introduce, nameCluster } from "./membership-agreement.ts";
import type { Link, Network } from "./network.ts";
import { openStateMachine } from "./open-state-machine.ts";
import type { PeerList } from "./peer-list.ts";
import { RealDisk } from "./real-disk.ts";
import { realClock, realRandom } from "./real-ports.ts";
import { KvServerError, toServerError } from "./server-error.ts";
import type { ServerEvent } from "./server-events.ts";
import type { StateMachine } from "./state-machine.ts";
import { LmdbRecordStore } from "./store/lmdb-record-store.ts";
import type { RecordStore } from "./store/record-store.ts";
import { tcpNetwork } from "./tcp-network.ts";
import { unformedKvHandlers, unformedRaftHandlers } from "./unformed-services.ts";

export interface KvServerOptions {
  readonly id: number;
  /** The address to listen on. */
  readonly host: string;
  readonly port: number;
  /** host:port under which the other servers reach this one. */
  readonly advertise: string;
  readonly peers: PeerList;
  readonly dataDir: string;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  /** A client gets an answer within so long, whatever happens. */
  readonly requestTimeoutMs: number;
  readonly connectionsLimit: number;
  readonly limits: KvLimits;
  readonly onEvent: (event: ServerEvent) => void;
}

/** Between two rounds of questions to servers that do not answer yet. */
const FORMATION_RETRY_MS = 100;
const HELLO_TIMEOUT_MS = 2_000;
const LOG_DIRECTORY = "log";
const STORE_FILE = "store.mdb";

/** What was opened of a data directory. */
interface Opened {
  readonly lock: DirectoryLock;
  readonly disk: RealDisk;
  readonly identity: Identity;
  readonly log: Log;
  readonly records: RecordStore;
  readonly machine: StateMachine;
  /** The store had to make up for the end of the log. */
  readonly lostTail: boolean;
}

/** A server: its data directory, its port, and its part in a cluster once there is one. */
export class KvServer {
  private readonly options: KvServerOptions;
  private readonly opened: Opened;
  private readonly rpc: RpcServer;
  private readonly network: Network;
  private formation: Formation | null = null;
  private member: MemberNode | null = null;
  private kv: KvV1Handlers;
  private raft: RaftV1Handlers;
  private stopping: Promise<void> | null = null;

  /**
   * Opens the data directory and listens; what follows is told by `onEvent`.
   * @throws KvServerError
   */
  static async start(options: KvServerOptions): Promise<KvServer> {
    const opened = await open(options);
    const server = new KvServer(options, opened);
    try {
      await server.begin();
    } catch (error) {
      await server.close();
      throw toServerError(error, options.dataDir);
    }
    return server;
  }

  private constructor(options: KvServerOptions, opened: Opened) {
    this.options = options;
    this.opened = opened;
    this.kv = unformedKvHandlers(options.id, options.advertise);
    const { server, incarnation, address } = opened.identity;
    const introduction = introduce({ server, incarnation, address }, options.peers);
    this.raft = unformedRaftHandlers(() => introduction);
    this.rpc = new RpcServer({
      services: [kvV1Service(this.currentKv()), raftV1Service(this.currentRaft())],
      limits: { connectionsLimit: options.connectionsLimit },
      onHandlerError: (error, { procedure, peer }) => {
        // What is damaged stays so, and the other servers have it whole.
        const isDamage = toServerError(error, options.dataDir).code === "DAMAGED";
        options.onEvent(
          isDamage ? { kind: "failed", error } : { kind: "callFailed", procedure, peer, error },
        );
      },
    });
    this.network = tcpNetwork(options.requestTimeoutMs);
  }

  /** Hands leadership over, answers the calls in flight, brings everything to disk and ends. */
  stop(): Promise<void> {
    this.stopping ??= this.shutDown();
    return this.stopping;
  }

  private async begin(): Promise<void> {
    const { options, opened } = this;
    const { tornBytes } = opened.log.recovered;
    if (opened.lostTail) options.onEvent({ kind: "lostTail", index: opened.machine.appliedIndex });
    else if (tornBytes > 0) options.onEvent({ kind: "tornTail", bytes: tornBytes });
    const { cluster } = opened.identity;
    if (cluster !== null) this.requireNotAlone(cluster);
    await this.rpc.listen({ host: options.host, port: options.port });
    const { host, port, advertise } = options;
    const isLocal = host === "127.0.0.1" && advertise === formatAddress("localhost", port);
    const address = isLocal ? advertise : formatAddress(host, port);
    options.onEvent({ kind: "listening", address, advertised: advertise });
    if (cluster !== null) {
      this.comparePeers(cluster);
      this.options.onEvent({ kind: "rejoined", cluster });
      this.join(cluster);
    } else {
      this.form().catch((error: unknown) => this.options.onEvent({ kind: "failed", error }));
    }
  }

  private async form(): Promise<void> {
    const { peers } = this.options;
    const { server, incarnation, address } = this.opened.identity;
    const self = { server, incarnation, address };
    const cluster =
      peers.kind === "members" ? nameCluster(self, peers.members) : await this.agree(self, peers.addresses);
    if (cluster === null || this.stopping !== null) return;
    await this.save(cluster);
    if (this.stopping !== null) return;
    this.options.onEvent({ kind: "formed", cluster });
    this.join(cluster);
  }

  /** Asks the peers until all agree on the members. */
  private async agree(
    self: RaftHelloArgs["self"],
    peerAddresses: readonly string[],
  ): Promise<ClusterIdentity | null> {
    const links = new Map<string, Link>();
    for (const address of peerAddresses) {
      links.set(address, this.network.link(address, { onConnect() {}, onDisconnect() {} }));
    }
    this.formation = new Formation(
      { self, peerAddresses },
      {
        clock: realClock,
        ask: (address, args) =>
          new RaftV1Client(links.get(address)!).hello(args, { timeoutMs: HELLO_TIMEOUT_MS }),
        retryMs: FORMATION_RETRY_MS,
        onWaiting: (addresses) => this.options.onEvent({ kind: "waiting", addresses }),
      },
    );
    try {
      return await this.formation.run();
    } finally {
      for (const link of links.values()) link.close();
    }
  }

  private join(cluster: ClusterIdentity): void {
    const { options, opened } = this;
    const { onEvent, heartbeatMs, electionTimeoutMs, requestTimeoutMs, limits } = options;
    const { identity, log, machine } = opened;
    const membership = new Membership(identity, cluster, (changed) => this.save(changed));
    log.onFullChange = (full) => {
      onEvent({ kind: "diskFull", full });
      // The disks of the others may have room; there is still some left here until one of them leads.
      if (full) void this.member?.leave();
    };
    this.member = new MemberNode({
      membership,
      log,
      machine,
      network: this.network,
      clock: realClock,
      random: realRandom,
      heartbeatMs,
      electionTimeoutMs,
      requestTimeoutMs,
      limits,
      events: {
        onRoleChange: (role, leader, term) => {
          if (role === "leader") onEvent({ kind: "elected", term });
          else if (leader !== 0) onEvent({ kind: "following", leader, term });
        },
        onHandOver: (to) => onEvent({ kind: "handingOver", to }),
        onFailure: (error) => onEvent({ kind: "failed", error }),
        onRefused: (by, message) => onEvent({ kind: "refused", by, message }),
      },
    });
    this.kv = this.member.kv;
    this.raft = this.member.raft;
    this.member.start();
  }

  private save(cluster: ClusterIdentity): Promise<void> {
    return saveIdentity(this.opened.disk, { ...this.opened.identity, cluster });
  }

  /** Who forgot `--peers` at the first start has a cluster of one, which others cannot join. */
  private requireNotAlone({ members }: ClusterIdentity): void {
    const given = addressesOf(this.options.peers);
    if (members.length > 1 || given.length === 0) return;
    const { dataDir } = this.options;
    throw new KvServerError(
      "DISAGREEMENT",
      `${dataDir} belongs to a cluster of this server alone, since it was first started without --peers; to be one with ${given.join(" and ")} it needs another --data-dir, and to go on alone no --peers`,
    );
  }

  private comparePeers(cluster: ClusterIdentity): void {
    const { peers, advertise } = this.options;
    const given = addressesOf(peers);
    const known = cluster.members.map((member) => member.address).filter((address) => address !== advertise);
    if (given.length === 0 || [...given].sort().join() === [...known].sort().join()) return;
    this.options.onEvent({ kind: "peersDiffer", addresses: known });
  }

  private async shutDown(): Promise<void> {
    this.formation?.stop();
    await this.member?.leave();
    await this.close();
  }

  private async close(): Promise<void> {
    await this.rpc.close();
    await this.member?.stop();
    await closeAll(this.opened);
  }

  /** The handlers change when the server joins its cluster; the dispatch table does not. */
  private currentKv(): KvV1Handlers {
    return {
      null: (context) => this.kv.null(context),
      put: (args, context) => this.kv.put(args, context),
      get: (args, context) => this.kv.get(args, context),
      delete: (args, context) => this.kv.delete(args, context),
      range: (args, context) => this.kv.range(args, context),
      status: (context) => this.kv.status(context),
      replicas: (args, context) => this.kv.replicas(args, context),
    };
  }

  private currentRaft(): RaftV1Handlers {
    return {
      null: (context) => this.raft.null(context),
      hello: (args, context) => this.raft.hello(args, context),
      vote: (args, context) => this.raft.vote(args, context),
      append: (args, context) => this.raft.append(args, context),
      timeoutNow: (args, context) => this.raft.timeoutNow(args, context),
      readIndex: (args, context) => this.raft.readIndex(args, context),
      forward: (args, context) => this.raft.forward(args, context),
    };
  }
}

function addressesOf(peers: PeerList): readonly string[] {
  return peers.kind === "addresses" ? peers.addresses : peers.members.map((member) => member.address);
}

/** Opens the data directory, part by part; what was opened before a failure is closed again. */
async function open(options: KvServerOptions): Promise<Opened> {
  const { dataDir, id, advertise } = options;
  const undo: (() => Promise<void>)[] = [];
  try {
    const lock = new DirectoryLock(dataDir);
    const disk = await openDirectory(dataDir);
    undo.push(() => disk.close());
    await lock.acquire();
    undo.push(() => lock.release());
    const identity = await loadIdentity(disk, realRandom, id, advertise);
    const found = await openLog(dataDir);
    let log: Log | null = found;
    undo.push(async () => log?.close());
    const records = await LmdbRecordStore.open(join(dataDir, STORE_FILE));
    undo.push(() => records.close());
    const machine = openStateMachine(records);
    const lostTail = found.recovered.isCutShort && machine.appliedIndex > found.lastIndex;
    if (lostTail) {
      log = null;
      await found.close();
      log = await openLog(dataDir, { index: machine.appliedIndex, term: machine.appliedTerm });
    }
    requireConsistent(identity, log, machine, dataDir);
    return { lock, disk, identity, log, records, machine, lostTail };
  } catch (error) {
    for (const close of undo.reverse()) await close();
    throw toServerError(error, options.dataDir);
  }
}

async function openLog(dataDir: string, reach?: LogPosition): Promise<Log> {
  const disk = await RealDisk.open(join(dataDir, LOG_DIRECTORY));
  return Log.open(disk, reach === undefined ? { random: realRandom } : { random: realRandom, reach });
}

/** Why a data directory cannot be made, where that is the fault of its name. */
const NO_DIRECTORY: Readonly<Record<string, string>> = {
  EEXIST: "is no directory",
  ENOTDIR: "is no path: a part of it is no directory",
  ENOENT: "cannot be made: the file system there takes no new directories",
};

/** Makes the directory if need be. */
async function openDirectory(dataDir: string): Promise<RealDisk> {
  try {
    return await RealDisk.open(dataDir);
  } catch (error) {
    const problem = NO_DIRECTORY[errnoOf(error) ?? ""];
    if (problem === undefined) throw error;
    throw new KvServerError("USAGE", `--data-dir=${dataDir} ${problem}; choose another one`, error);
  }
}

async function closeAll({ records, log, disk, lock }: Opened): Promise<void> {
  await records.close();
  await log.close();
  await disk.close();
  await lock.release();
}
