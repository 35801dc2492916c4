import { requireConsistent } from "../../src/kv/consistency.ts";
import { kvV1Service } from "../../src/kv/gen/kv.ts";
import { type RaftMember, raftV1Service } from "../../src/kv/gen/raft.ts";
import { loadIdentity, saveIdentity } from "../../src/kv/identity.ts";
import type { KvLimits } from "../../src/kv/kv-service.ts";
import { Log, type LogOptions } from "../../src/kv/log/log.ts";
import { MemberNode } from "../../src/kv/member-node.ts";
import { Membership } from "../../src/kv/membership.ts";
import { nameCluster } from "../../src/kv/membership-agreement.ts";
import { openStateMachine } from "../../src/kv/open-state-machine.ts";
import type { Random } from "../../src/kv/ports.ts";
import type { StateMachine } from "../../src/kv/state-machine.ts";
import { MemoryRecordStore } from "../../src/kv/store/memory-record-store.ts";
import type { RpcService } from "../../src/oncrpc/procedure.ts";
import type { Role } from "../../src/raft/index.ts";
import { ProcessClock, type SimulatedClock } from "./simulated-clock.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedHost, SimulatedNetwork } from "./simulated-network.ts";

export interface ServerTimes {
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export interface SimulatedServerOptions {
  readonly id: number;
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly random: () => number;
  readonly times: ServerTimes;
  readonly limits: KvLimits;
  readonly log: Omit<LogOptions, "random">;
  /** Told of each state machine that is opened, before anything is applied to it. */
  readonly onOpen: (server: SimulatedServer, machine: StateMachine) => void;
}

/** A process of a server, from its start to its end. */
interface Process {
  readonly host: SimulatedHost;
  readonly clock: ProcessClock;
  readonly log: Log;
  readonly machine: StateMachine;
  readonly membership: Membership;
  readonly node: MemberNode;
}

/** What a disk may take for an operation. */
const QUICK_DISK_MS = 0.1;

export function addressOf(id: number): string {
  return `s${id}:9000`;
}

export function randomPort(random: () => number): Random {
  return {
    identifier: () => 1 + Math.floor(random() * (Number.MAX_SAFE_INTEGER - 1)),
    bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
  };
}

/**
 * A server of the simulation: its disks, which outlive its processes, and the process that runs now, if any. All
 * of it is the real code but for clock, network, disk and chance.
 */
export class SimulatedServer {
  readonly id: number;
  readonly address: string;
  /** With the identity file. */
  directory!: SimulatedDisk;
  logDisk!: SimulatedDisk;
  records!: MemoryRecordStore;
  /** Each operation of the log's disk takes so long; Infinity: the disk hangs. */
  diskDelayMs: number = QUICK_DISK_MS;
  /** A checkpoint takes so long. */
  checkpointDelayMs = 5;
  /** What the operator was told. */
  readonly roles: Role[] = [];
  readonly refusals: string[] = [];
  failure: unknown;
  private readonly options: SimulatedServerOptions;
  private process: Process | undefined;
  private hanging: (() => void)[] = [];

  constructor(options: SimulatedServerOptions) {
    this.options = options;
    this.id = options.id;
    this.address = addressOf(options.id);
    this.loseDisks();
  }

  get isUp(): boolean {
    return this.process !== undefined;
  }

  get node(): MemberNode {
    return this.running.node;
  }

  get log(): Log {
    return this.running.log;
  }

  get machine(): StateMachine {
    return this.running.machine;
  }

  get membership(): Membership {
    return this.running.membership;
  }

  get isLeader(): boolean {
    return this.process !== undefined && this.process.node.status.role === "leader";
  }

  /**
   * Starts a process on what the disks hold.
   * @param peers  the other servers, as `--peers` names them; what the disk says counts if it says something
   */
  async start(peers: readonly RaftMember[]): Promise<void> {
    const { options, id, address } = this;
    const { clock, network, random, times, limits } = options;
    const directory = this.directory.mount();
    const identity = await loadIdentity(directory, randomPort(random), id, address);
    const self = { server: id, incarnation: identity.incarnation, address };
    const cluster = identity.cluster ?? nameCluster(self, peers);
    const log = await Log.open(this.logDisk.mount(), { ...options.log, random: randomPort(random) });
    const machine = openStateMachine(this.records);
    requireConsistent(identity, log, machine, this.directory.path);
    options.onOpen(this, machine);
    if (identity.cluster === null) await saveIdentity(directory, { ...identity, cluster });
    const membership = new Membership(identity, cluster, (changed) =>
      saveIdentity(directory, { ...identity, cluster: changed }),
    );
    const host = network.host(address);
    const processClock = new ProcessClock(clock, Math.floor(random() * 1e9));
    const node = new MemberNode({
      membership,
      log,
      machine,
      network: host,
      clock: processClock,
      random: randomPort(random),
      ...times,
      limits,
      events: {
        onRoleChange: (role) => this.roles.push(role),
        onHandOver: () => {},
        onFailure: (error) => this.failed(error),
        onRefused: (_server, message) => this.refusals.push(message),
      },
    });
    this.process = { host, clock: processClock, log, machine, membership, node };
    host.serve(servicesOf(node));
    node.start();
  }

  /** The process is killed. With `power` lost, so is what was not synced. */
  crash(kind: "power" | "process" = "power"): void {
    const { host, clock } = this.running;
    this.process = undefined;
    this.hanging = [];
    clock.end();
    host.end();
    this.records.crash();
    for (const disk of [this.directory, this.logDisk]) {
      if (kind === "power") disk.losePower();
      else disk.endProcess();
    }
  }

  /** New disks take the place of the old ones. */
  loseDisks(): void {
    const { id, clock, random } = this.options;
    this.directory = new SimulatedDisk({ random, path: `/data/${id}` });
    this.logDisk = new SimulatedDisk({
      random,
      path: `/data/${id}/log`,
      later: (callback) => this.afterDiskDelay(callback),
    });
    this.records = new MemoryRecordStore((callback) => clock.after(this.checkpointDelayMs, callback));
  }

  /** Stops as on SIGTERM. */
  async stop(): Promise<void> {
    const { node, host, log, clock } = this.running;
    await node.leave();
    await node.stop();
    host.end();
    await log.close();
    clock.end();
    this.process = undefined;
  }

  /** Goes on with what hung; from now on the disk is as quick as `delayMs` says. */
  recoverDisk(delayMs: number = QUICK_DISK_MS): void {
    this.diskDelayMs = delayMs;
    for (const callback of this.hanging.splice(0)) this.afterDiskDelay(callback);
  }

  /** Leaves `bytes` of room on the log's disk. */
  fillDisk(bytes: number): void {
    this.logDisk.capacityBytes = this.logDisk.usedBytes + bytes;
  }

  private get running(): Process {
    if (this.process === undefined) throw new Error(`server ${this.id} is down`);
    return this.process;
  }

  private afterDiskDelay(callback: () => void): void {
    if (this.diskDelayMs === Number.POSITIVE_INFINITY) this.hanging.push(callback);
    else this.options.clock.after(this.diskDelayMs, callback);
  }

  /** The process ends at once, as the real one does. */
  private failed(error: unknown): void {
    this.failure = error;
    if (this.isUp) this.crash("process");
  }
}

function servicesOf(node: MemberNode): RpcService[] {
  return [kvV1Service(node.kv), raftV1Service(node.raft)];
}
