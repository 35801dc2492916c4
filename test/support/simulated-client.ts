import {
  type KvCondition,
  KvConsistency,
  type KvDeleteRes,
  type KvGetRes,
  type KvPutRes,
  type KvReplicasRes,
  KvStatus,
  type KvStatusRes,
  KvV1Client,
  KvWhen,
} from "../../src/kv/gen/kv.ts";
import { RpcError } from "../../src/oncrpc/errors.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { ReadEnd, SimulatedHistory, WriteEnd } from "./simulated-history.ts";
import type { SimulatedHost } from "./simulated-network.ts";
import { addressOf } from "./simulated-server.ts";

export interface WriteOptions {
  /** The server to ask; it alone is asked then, once. Default: all in turn, until there is an answer. */
  readonly at?: number;
  /** Only if its mod_revision is this; 0: only if there is no such key. */
  readonly ifRevision?: number;
  /** False: without a session, and so tried only once. */
  readonly session?: boolean;
}

export interface ReadOptions {
  readonly at?: number;
  readonly revision?: number;
  readonly serializable?: boolean;
}

const TRY_TIMEOUT_MS = 3_000;
const PAUSE_MS = 40;
const TRIES_LIMIT = 12;
const NO_SESSION = new Uint8Array(8);

type Write = { readonly key: string; readonly value: string | null; readonly condition: KvCondition };

/** A client by the letter of `idl/kv.x`: one write at a time, tried again with the same session and sequence. */
export class SimulatedClient {
  readonly id: number;
  readonly address: string;
  /** Takes down what this client asks and hears. */
  history: SimulatedHistory | undefined;
  tryTimeoutMs: number = TRY_TIMEOUT_MS;
  private readonly clock: SimulatedClock;
  private readonly servers: readonly KvV1Client[];
  private readonly random: () => number;
  private session: Uint8Array = NO_SESSION;
  private sequence = 0;
  private preferred = 0;

  constructor(id: number, host: SimulatedHost, clock: SimulatedClock, random: () => number, servers: number) {
    this.id = id;
    this.address = host.address;
    this.clock = clock;
    this.servers = Array.from({ length: servers }, (_, at) => new KvV1Client(host.link(addressOf(at + 1))));
    this.random = random;
    this.drawSession();
    this.sequence = 0;
    this.preferred = Math.floor(random() * servers);
  }

  put(key: string, value: string, options: WriteOptions = {}): Promise<WriteEnd> {
    return this.write({ key, value, condition: conditionOf(options) }, options);
  }

  delete(key: string, options: WriteOptions = {}): Promise<WriteEnd> {
    return this.write({ key, value: null, condition: conditionOf(options) }, options);
  }

  async get(key: string, options: ReadOptions = {}): Promise<ReadEnd> {
    const note = this.history?.beginRead(this.id, key, options.serializable !== true, this.clock.nowMs);
    const end = await this.read(key, options);
    note?.(end, this.clock.nowMs);
    return end;
  }

  /** One call of KV_PUT, as it is. */
  callPut(server: number, key: string, value: string, sequence: number = 0): Promise<KvPutRes> {
    const session = sequence === 0 ? NO_SESSION : this.session;
    const write = { key, value, condition: { when: KvWhen.KV_ALWAYS } };
    return this.callWrite(server, write, session, sequence) as Promise<KvPutRes>;
  }

  callGet(server: number, key: string, options: ReadOptions = {}): Promise<KvGetRes> {
    const consistency = options.serializable ? KvConsistency.KV_SERIALIZABLE : KvConsistency.KV_LINEARIZABLE;
    const args = { key: Buffer.from(key), revision: options.revision ?? 0, consistency };
    return this.servers[server - 1]!.get(args, { timeoutMs: this.tryTimeoutMs });
  }

  status(server: number): Promise<KvStatusRes> {
    return this.servers[server - 1]!.status({ timeoutMs: this.tryTimeoutMs });
  }

  replicas(server: number, revision: number, waitMs: number): Promise<KvReplicasRes> {
    return this.servers[server - 1]!.replicas(
      { revision, waitMs },
      { timeoutMs: waitMs + this.tryTimeoutMs },
    );
  }

  private async write(write: Write, options: WriteOptions): Promise<WriteEnd> {
    const note = this.history?.beginWrite(this.id, write.key, write.value, this.clock.nowMs);
    const end = await this.carryOut(write, options);
    note?.(end, this.clock.nowMs);
    return end;
  }

  private async carryOut(write: Write, { at, session = true }: WriteOptions): Promise<WriteEnd> {
    const tries = at !== undefined || !session ? 1 : TRIES_LIMIT;
    if (session) this.sequence += 1;
    let wasUncertain = false;
    for (let attempt = 1; ; attempt++) {
      const end = await this.tryWrite(at ?? this.preferred + 1, write, session);
      if (end.kind === "uncertain") wasUncertain = true;
      else if (end.kind !== "refused") return end;
      else if (end.status === KvStatus.KV_SESSION_EXPIRED && !wasUncertain) this.drawSession();
      if (attempt === tries) {
        if (wasUncertain) return { kind: "uncertain" };
        // It will never be carried out, so the sequence is free for another write.
        if (session) this.sequence -= 1;
        return end;
      }
      this.preferred = (this.preferred + 1) % this.servers.length;
      await this.pause();
    }
  }

  private drawSession(): void {
    this.session = Uint8Array.from({ length: 8 }, () => 1 + Math.floor(this.random() * 255));
    this.sequence = 1;
  }

  private async tryWrite(server: number, write: Write, hasSession: boolean): Promise<WriteEnd> {
    const session = hasSession ? this.session : NO_SESSION;
    try {
      const { result } = await this.callWrite(server, write, session, this.sequence);
      switch (result.status) {
        case KvStatus.KV_OK:
          return { kind: "ok", revision: result.ok.revision, prevRevision: result.ok.prevRevision };
        case KvStatus.KV_CONFLICT:
          return { kind: "conflict", modRevision: result.modRevision };
        case KvStatus.KV_NOT_FOUND:
          return { kind: "notFound" };
        case KvStatus.KV_UNCERTAIN:
          return { kind: "uncertain" };
        default:
          return { kind: "refused", status: result.status, message: result.message };
      }
    } catch (error) {
      const wasSent = requireRpcError(error);
      if (wasSent) return { kind: "uncertain" };
      return { kind: "refused", status: KvStatus.KV_UNAVAILABLE, message: "no connection" };
    }
  }

  private callWrite(
    server: number,
    { key, value, condition }: Write,
    session: Uint8Array,
    sequence: number,
  ): Promise<KvPutRes | KvDeleteRes> {
    const rpc = this.servers[server - 1]!;
    const args = { session, sequence, key: Buffer.from(key), condition };
    const options = { timeoutMs: this.tryTimeoutMs };
    if (value === null) return rpc.delete(args, options);
    return rpc.put({ ...args, value: Buffer.from(value) }, options);
  }

  private async read(key: string, options: ReadOptions): Promise<ReadEnd> {
    try {
      const { header, result } = await this.callGet(options.at ?? this.preferred + 1, key, options);
      const { revision } = header;
      if (result.status === KvStatus.KV_NOT_FOUND) return { kind: "ok", revision, modRevision: 0, value: "" };
      if (result.status !== KvStatus.KV_OK) return { kind: "refused", status: result.status };
      const { modRevision, value } = result.pair;
      return { kind: "ok", revision, modRevision, value: Buffer.from(value).toString() };
    } catch (error) {
      requireRpcError(error);
      return { kind: "failed" };
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(PAUSE_MS, resolve);
    });
  }
}

function conditionOf({ ifRevision }: WriteOptions): KvCondition {
  if (ifRevision === undefined) return { when: KvWhen.KV_ALWAYS };
  return { when: KvWhen.KV_IF_REVISION, modRevision: ifRevision };
}

/** Whether the server may have seen the call. */
function requireRpcError(error: unknown): boolean {
  if (!(error instanceof RpcError)) throw error;
  return !("sent" in error) || error.sent === true;
}
