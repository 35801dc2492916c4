import type { RpcService } from "../oncrpc/procedure.ts";
import { DEFAULT_LIMITS, LogPositions, Raft, type RaftStatus, type ServerId } from "../raft/index.ts";
import { Checkpointer } from "./checkpointer.ts";
import { type KvV1Handlers, kvV1Service } from "./gen/kv.ts";
import type { RaftV1Handlers } from "./gen/raft.ts";
import { type KvLimits, KvService } from "./kv-service.ts";
import { LeaderLine } from "./leader-line.ts";
import type { Log } from "./log/log.ts";
import { LogTime } from "./log-time.ts";
import type { Membership } from "./membership.ts";
import type { Network } from "./network.ts";
import { type Carrier, Node, type NodeEvents, TICK_MS } from "./node.ts";
import { Peer, type PeerEvents } from "./peer.ts";
import type { Clock, Random } from "./ports.ts";
import { RaftService } from "./raft-service.ts";
import { ReadBarriers } from "./read-barriers.ts";
import { ReplicaCounter } from "./replica-counter.ts";
import type { StateMachine } from "./state-machine.ts";
import { WriteQueue } from "./write-queue.ts";

export interface MemberNodeOptions {
  readonly membership: Membership;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly limits: KvLimits;
  readonly events: NodeEvents & {
    /** A server refuses to be in one cluster with this one. */
    onRefused(server: ServerId, message: string): void;
  };
}

/** How often connections to other servers are looked after. */
const KEEP_CONNECTED_MS = 500;
const WAITING_WRITES_BYTES = 64 << 20;

/** A member of a cluster with all its parts, wired up: the one place that knows them all. */
export class MemberNode {
  readonly kv: KvV1Handlers;
  readonly raft: RaftV1Handlers;
  private readonly node: Node;
  private readonly peers: ReadonlyMap<ServerId, Peer>;
  private readonly checkpointer: Checkpointer;
  private readonly options: MemberNodeOptions;
  /** Members that had no room for entries when they were last sent some. */
  private readonly fullMembers = new Set<ServerId>();
  private cancelKeepConnected: () => void = () => {};

  constructor(options: MemberNodeOptions) {
    this.options = options;
    const { membership, log, machine, clock, events, requestTimeoutMs } = options;
    const raft = startRaft(options);
    const wake = (): void => this.node.wake();
    this.peers = this.meetPeers();
    const line = new LeaderLine(this.peers);
    const logTime = new LogTime(clock);
    const writes = new WriteQueue({
      raft,
      line,
      clock,
      wake,
      requestTimeoutMs,
      logTimeMs: () => logTime.nowMs(),
      hasRoomFor: (bytes, entries) => this.hasMajorityRoom() && this.hasRoomFor(bytes, entries),
      waitingBytesLimit: WAITING_WRITES_BYTES,
    });
    const appliedIndex = (): number => machine.appliedIndex;
    const reads = new ReadBarriers({ raft, line, clock, wake, appliedIndex, requestTimeoutMs });
    const replicas = new ReplicaCounter(() => raft.status(), clock);
    this.checkpointer = new Checkpointer({
      raft,
      log,
      machine,
      clock,
      onFailure: (error) => {
        this.node.stop();
        events.onFailure(error);
      },
    });
    const { checkpointer } = this;
    const carrier = carryTo(this.peers);
    this.node = new Node({
      raft,
      log,
      machine,
      writes,
      reads,
      replicas,
      checkpointer,
      logTime,
      carrier,
      clock,
      events,
    });
    const isReachable = (server: ServerId): boolean => this.peers.get(server)?.reachable ?? false;
    const isDiskFull = (): boolean => log.full || checkpointer.isDiskFull;
    const { limits } = options;
    this.kv = new KvService({
      raft,
      machine,
      membership,
      writes,
      reads,
      replicas,
      line,
      clock,
      isReachable,
      isDiskFull,
      limits,
    });
    const kvService: RpcService = kvV1Service(this.kv);
    const hasRoomFor = (bytes: number, entries: number): boolean => this.hasRoomFor(bytes, entries);
    this.raft = new RaftService({ membership, raft, node: this.node, reads, kv: kvService, hasRoomFor });
  }

  /** How far it is, for people, metrics and tests. */
  get status(): RaftStatus {
    return this.node.status;
  }

  start(): void {
    this.node.start();
    this.keepConnected();
  }

  /** Hands leadership over, if this server has it. */
  leave(): Promise<void> {
    return this.node.leave(this.options.electionTimeoutMs);
  }

  /** Ends all activity, with a last checkpoint so that the next start is quick. */
  async stop(): Promise<void> {
    this.cancelKeepConnected();
    this.node.stop();
    for (const peer of this.peers.values()) peer.close();
    await this.checkpointer.finish();
  }

  private meetPeers(): Map<ServerId, Peer> {
    const { membership, network, events } = this.options;
    const peerEvents: PeerEvents = {
      onResponse: (message) => this.node.receive(message),
      onLost: (server) => this.node.lost(server),
      onRoom: (server, hasRoom) => {
        if (hasRoom) this.fullMembers.delete(server);
        else this.fullMembers.add(server);
      },
      onGone: (server) => this.node.gone(server),
      onRefused: (server, message) => events.onRefused(server, message),
    };
    return new Map(
      membership.peers.map((member) => [member.server, new Peer(member, membership, network, peerEvents)]),
    );
  }

  private hasRoomFor(bytes: number, entries: number): boolean {
    return this.options.log.hasRoomFor(bytes, entries) && this.checkpointer.hasRoomFor(bytes);
  }

  /** False: what is proposed would not be committed before there is room on the disks of others. */
  private hasMajorityRoom(): boolean {
    return this.fullMembers.size * 2 < this.options.membership.ids.length;
  }

  private keepConnected(): void {
    for (const peer of this.peers.values()) peer.keepConnected();
    this.cancelKeepConnected = this.options.clock.after(KEEP_CONNECTED_MS, () => this.keepConnected());
  }
}

function carryTo(peers: ReadonlyMap<ServerId, Peer>): Carrier {
  return {
    send(request) {
      const peer = peers.get(request.to);
      if (request.kind === "appendRequest") peer?.appendEntries(request);
      else if (request.kind === "voteRequest") peer?.requestVote(request);
      else peer?.timeoutNow(request.term);
    },
  };
}

/** The consensus core, as the log and the store were left. */
function startRaft({
  membership,
  log,
  machine,
  random,
  heartbeatMs,
  electionTimeoutMs,
}: MemberNodeOptions): Raft {
  const { hardState } = log.recovered;
  const positions = new LogPositions(log.firstIndex - 1, log.termAt(log.firstIndex - 1));
  for (let index = log.firstIndex; index <= log.lastIndex; index++) {
    positions.append(log.termAt(index), log.sizeAt(index));
  }
  return new Raft(
    {
      id: membership.self.server,
      members: membership.ids,
      heartbeatTicks: Math.max(1, Math.round(heartbeatMs / TICK_MS)),
      electionTicks: Math.max(2, Math.round(electionTimeoutMs / TICK_MS)),
      seed: random.identifier(),
      ...DEFAULT_LIMITS,
    },
    // What was applied was committed, also if the log does not say so yet.
    { ...hardState, commitIndex: Math.max(hardState.commitIndex, machine.appliedIndex) },
    positions,
  );
}
