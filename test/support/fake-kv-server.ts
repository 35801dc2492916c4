import {
  KV_RANGE_MAX,
  type KvDeleteArgs,
  type KvDeleteRes,
  type KvGetArgs,
  type KvGetRes,
  type KvHeader,
  type KvPutArgs,
  type KvPutRes,
  type KvRangeArgs,
  type KvRangeRes,
  type KvReplicasRes,
  KvRole,
  KvStatus,
  type KvStatusRes,
  type KvV1Handlers,
  kvV1Service,
} from "../../src/kv/gen/kv.ts";
import type { ByteStream, ClientTransport, HostPort } from "../../src/oncrpc/index.ts";
import { memoryTransport, RpcServer } from "../../src/oncrpc/index.ts";
import { FakeKvStore } from "./fake-kv-store.ts";

type Failure = Exclude<KvStatus, typeof KvStatus.KV_OK | typeof KvStatus.KV_CONFLICT>;

/** What a fake server does to a call, instead of carrying it out and answering. */
export type Fault =
  /** Answers with this status, after `delayMs`; the call is carried out where `isApplied`. */
  | {
      readonly kind: "answer";
      readonly status: Failure;
      readonly message: string;
      readonly isApplied?: boolean;
      readonly delayMs?: number;
    }
  /** Never answers. */
  | { readonly kind: "silence"; readonly isApplied: boolean }
  /** Ends the connection instead of answering. */
  | { readonly kind: "hang-up"; readonly isApplied: boolean }
  /** The handler throws, which is SYSTEM_ERR on the wire. */
  | { readonly kind: "throw"; readonly isApplied: boolean };

/** Answers with `status`, after `delayMs`; nothing is carried out. */
export function answering(status: Failure, message = "no", delayMs = 0): Fault {
  return { kind: "answer", status, message, delayMs };
}

/** A write as a server saw it. */
export interface SeenWrite {
  readonly session: string;
  readonly sequence: number;
}

/** A KV server with a real map behind it, for tests of clients. It is reached in memory, or over TCP by `listen`. */
export class FakeKvServer implements KvV1Handlers {
  readonly id: number;
  readonly store: FakeKvStore;
  /** For the next calls, one each. */
  readonly faults: Fault[] = [];
  /** For each call that finds none in `faults`. */
  standingFault: Fault | undefined;
  /** For each call of one procedure, before all others. */
  readonly faultOf: Map<string, Fault> = new Map();
  /** Nobody can connect. */
  isDown = false;
  /** It accepts connections and calls, and answers none. */
  isHung = false;
  role: KvRole;
  leader = 1;
  term = 3;
  /** 0: it belongs to none. */
  cluster = 42;
  alarms = 0;
  storeHash = 77;
  /** How many of how many servers have each write, as KV_REPLICAS says. */
  replicaCount = 3;
  memberCount = 3;
  /** Pairs in one answer to KV_RANGE. */
  pageSize: number = KV_RANGE_MAX;
  /** Writes in the order in which they came. */
  readonly writes: SeenWrite[] = [];
  /** Names of all procedures called, in order. */
  readonly calls: string[] = [];
  connections = 0;
  private readonly rpc: RpcServer;
  private readonly streams = new Set<ByteStream>();

  constructor(id = 1, store: FakeKvStore = new FakeKvStore()) {
    this.id = id;
    this.store = store;
    this.role = id === 1 ? KvRole.KV_LEADER : KvRole.KV_FOLLOWER;
    this.rpc = new RpcServer({ services: [kvV1Service(this)] });
  }

  /** Reaches this server in memory. */
  transport(target: string): ClientTransport {
    const memory = memoryTransport((stream) => this.accept(stream), { peer: target });
    return {
      target,
      connect: (signal) => {
        if (!this.isDown) return memory.connect(signal);
        const refused = new Error("connect ECONNREFUSED");
        return Promise.reject(Object.assign(refused, { code: "ECONNREFUSED" }));
      },
    };
  }

  /** @returns the address, `host:port` */
  async listen(): Promise<string> {
    const { host, port } = await this.rpc.listen();
    return `${host}:${port}`;
  }

  close(): Promise<void> {
    this.hangUp();
    return this.rpc.close();
  }

  hangUp(): void {
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  null(): void | Promise<void> {
    return this.isHung ? new Promise(() => {}) : undefined;
  }

  put(args: KvPutArgs): Promise<KvPutRes> {
    this.saw("KV_PUT", args);
    const run = (): KvPutRes => ({ header: this.header, result: this.store.put(args) });
    return this.carryOut(run, (result) => ({ header: this.header, result }));
  }

  delete(args: KvDeleteArgs): Promise<KvDeleteRes> {
    this.saw("KV_DELETE", args);
    const run = (): KvDeleteRes => ({ header: this.header, result: this.store.delete(args) });
    return this.carryOut(run, (result) => ({ header: this.header, result }));
  }

  get({ key, revision }: KvGetArgs): Promise<KvGetRes> {
    this.saw("KV_GET");
    const run = (): KvGetRes => {
      if (revision > this.store.revision) return { header: this.header, result: FUTURE };
      const pair = this.store.get(key, revision);
      const result = pair === undefined ? NOT_FOUND : { status: KvStatus.KV_OK, pair };
      return { header: this.header, result };
    };
    return this.carryOut(run, (result) => ({ header: this.header, result }));
  }

  range({ start, end, limit, revision }: KvRangeArgs): Promise<KvRangeRes> {
    this.saw("KV_RANGE");
    const run = (): KvRangeRes => {
      const all = this.store.range(start, end, revision);
      const pairs = all.slice(0, Math.min(limit === 0 ? KV_RANGE_MAX : limit, this.pageSize));
      const read = revision === 0 ? this.store.revision : revision;
      const ok = { pairs, more: pairs.length < all.length, revision: read };
      return { header: this.header, result: { status: KvStatus.KV_OK, ok } };
    };
    return this.carryOut(run, (result) => ({ header: this.header, result }));
  }

  replicas(): Promise<KvReplicasRes> {
    this.saw("KV_REPLICAS");
    const ok = { replicas: this.replicaCount, members: this.memberCount };
    const run = (): KvReplicasRes => ({ header: this.header, result: { status: KvStatus.KV_OK, ok } });
    return this.carryOut(run, (result) => ({ header: this.header, result }));
  }

  async status(): Promise<KvStatusRes> {
    this.saw("KV_STATUS");
    const { role, leader, alarms, storeHash } = this;
    const applied = this.store.revision + 4;
    const members = Array.from({ length: this.memberCount }, (_, index) => ({
      server: index + 1,
      address: `localhost:${9001 + index}`,
      reachable: true,
      matchIndex: 0,
    }));
    return {
      header: this.header,
      status: {
        software: "sundial fake",
        role,
        leader,
        lastIndex: applied,
        commitIndex: applied,
        appliedIndex: applied,
        keys: this.store.range(new Uint8Array(0), new Uint8Array(0)).length,
        storeHash,
        sessions: this.store.sessionCount,
        memoryBytes: 12_345_678,
        alarms,
        members,
      },
    };
  }

  private get header(): KvHeader {
    return { cluster: this.cluster, server: this.id, term: this.term, revision: this.store.revision };
  }

  private accept(stream: ByteStream): void {
    this.connections += 1;
    this.streams.add(stream);
    this.rpc.serve(stream);
  }

  private saw(procedure: string, write?: KvPutArgs | KvDeleteArgs): void {
    this.calls.push(procedure);
    if (write === undefined) return;
    const session = Buffer.from(write.session).toString("hex");
    this.writes.push({ session, sequence: write.sequence });
  }

  private fault(): Fault | undefined {
    return this.isHung ? { kind: "silence", isApplied: false } : this.standingFault;
  }

  private async carryOut<Res>(
    run: () => Res,
    refuse: (result: { status: Failure; message: string }) => Res,
  ): Promise<Res> {
    const fault = this.faultOf.get(this.calls.at(-1)!) ?? this.faults.shift() ?? this.fault();
    if (fault === undefined) return run();
    if (fault.isApplied === true) run();
    switch (fault.kind) {
      case "answer":
        if ((fault.delayMs ?? 0) > 0) await new Promise((done) => setTimeout(done, fault.delayMs));
        return refuse({ status: fault.status, message: fault.message });
      case "silence":
        return new Promise(() => {});
      case "hang-up":
        this.hangUp();
        return new Promise(() => {});
      case "throw":
        throw new Error("the fake server is told to fail");
    }
  }
}

const NOT_FOUND = { status: KvStatus.KV_NOT_FOUND, message: "there is no such key" } as const;
const FUTURE = {
  status: KvStatus.KV_FUTURE_REVISION,
  message: "the store has not reached that revision",
} as const;

/** Servers over one store, in memory, at the addresses `s1:1`, `s2:1`, … */
export class FakeCluster {
  readonly store: FakeKvStore = new FakeKvStore();
  readonly servers: readonly FakeKvServer[];
  readonly addresses: readonly string[];

  constructor(size = 3) {
    const ids = Array.from({ length: size }, (_, index) => index + 1);
    this.servers = ids.map((id) => new FakeKvServer(id, this.store));
    this.addresses = ids.map((id) => `s${id}:1`);
  }

  readonly transport = ({ host }: HostPort): ClientTransport => {
    const server = this.servers[Number(host.slice(1)) - 1];
    if (server === undefined) throw new Error(`there is no server ${host}`);
    return server.transport(`${host}:1`);
  };
}
