import type { Link, LinkEvents, Network } from "../../src/kv/network.ts";
import {
  RpcAcceptedError,
  RpcCancelledError,
  RpcTimeoutError,
  RpcTransportError,
} from "../../src/oncrpc/errors.ts";
import { AcceptStat } from "../../src/oncrpc/gen/rpc.ts";
import type { CallContext, CallOptions, Procedure, RpcService } from "../../src/oncrpc/procedure.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import type { SimulatedClock } from "./simulated-clock.ts";

// biome-ignore lint/suspicious/noExplicitAny: the network carries calls of all kinds alike
export type AnyProcedure = Procedure<any, any>;

/** How the network treats what is sent over it. Shares are from 0 to 1. */
export interface Weather {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** Requests, and replies, that never arrive. The connection stays. */
  readonly lostShare: number;
  /** Requests that arrive twice; only those that `mayDuplicate` names. */
  readonly duplicatedShare: number;
}

export const CALM: Weather = { minDelayMs: 0.2, maxDelayMs: 0.4, lostShare: 0, duplicatedShare: 0 };

const CONNECT_TIMEOUT_MS = 1_000;
const CALL_TIMEOUT_MS = 30_000;

/**
 * A network that carries RPC calls between processes of one simulation, as TCP connections would: the bytes of
 * calls and results go through the real codecs and the real dispatch tables. Delays are drawn for each message by
 * itself, so that messages overtake each other.
 *
 * Where a way is cut, what is sent is held up, and arrives when the way is open again, if the connection still
 * stands by then; the sender does not notice, but for its own time-outs.
 */
export class SimulatedNetwork {
  weather: Weather = CALM;
  /** What may come twice. TCP does not do that; who claims not to mind is made to show it. */
  mayDuplicate: (procedure: AnyProcedure) => boolean = () => false;
  /** Calls of one connection that a server takes at a time, as the real one; others wait. */
  callsInFlightLimit = 1_024;
  /** Errors that handlers threw, which the callers see as SYSTEM_ERR. */
  readonly handlerErrors: unknown[] = [];
  readonly clock: SimulatedClock;
  private readonly random: () => number;
  private readonly hosts = new Map<string, SimulatedHost>();
  private readonly cuts = new Set<string>();
  private heldUp: { readonly way: string; readonly arrive: () => void }[] = [];

  constructor(clock: SimulatedClock, random: () => number) {
    this.clock = clock;
    this.random = random;
  }

  /** A process begins at `address`; nobody can reach it before it serves something. */
  host(address: string): SimulatedHost {
    return new SimulatedHost(this, address);
  }

  /** Nothing gets from one address to the other any more; the way back stays as it is. */
  cut(from: string, to: string): void {
    this.cuts.add(wayOf(from, to));
  }

  /** Cuts both ways between each of `some` and each of `others`. */
  part(some: readonly string[], others: readonly string[]): void {
    for (const one of some) {
      for (const other of others) {
        this.cut(one, other);
        this.cut(other, one);
      }
    }
  }

  /** Opens all ways. */
  heal(): void {
    this.cuts.clear();
    const heldUp = this.heldUp;
    this.heldUp = [];
    for (const { way, arrive } of heldUp) this.travel(way, arrive);
  }

  /** @internal */
  begin(host: SimulatedHost): void {
    if (this.hosts.has(host.address)) throw new Error(`${host.address} is in use`);
    this.hosts.set(host.address, host);
  }

  /** @internal */
  end(host: SimulatedHost): void {
    if (this.hosts.get(host.address) === host) this.hosts.delete(host.address);
  }

  /** @internal */
  hostAt(address: string): SimulatedHost | undefined {
    return this.hosts.get(address);
  }

  /** @internal */
  isCut(from: string, to: string): boolean {
    return this.cuts.has(wayOf(from, to));
  }

  /** @internal A message goes from one address to another, and perhaps gets there. */
  send(from: string, to: string, arrive: () => void): void {
    if (this.random() >= this.weather.lostShare) this.travel(wayOf(from, to), arrive);
  }

  /** @internal */
  isDuplicated(procedure: AnyProcedure): boolean {
    return this.mayDuplicate(procedure) && this.random() < this.weather.duplicatedShare;
  }

  /** @internal */
  delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.weather;
    return minDelayMs + this.random() * (maxDelayMs - minDelayMs);
  }

  private travel(way: string, arrive: () => void): void {
    this.clock.after(this.delayMs(), () => {
      if (this.cuts.has(way)) this.heldUp.push({ way, arrive });
      else arrive();
    });
  }
}

function wayOf(from: string, to: string): string {
  return `${from} → ${to}`;
}

/** A process on the network, from its start to its end. */
export class SimulatedHost implements Network {
  readonly address: string;
  private readonly network: SimulatedNetwork;
  private services: readonly RpcService[] = [];
  private readonly incoming = new Set<SimulatedLink>();
  private alive = true;
  private nextXid = 1;

  constructor(network: SimulatedNetwork, address: string) {
    this.network = network;
    this.address = address;
  }

  get isAlive(): boolean {
    return this.alive;
  }

  serve(services: readonly RpcService[]): void {
    this.services = services;
    this.network.begin(this);
  }

  link(address: string, events: LinkEvents = { onConnect() {}, onDisconnect() {} }): Link {
    return new SimulatedLink(this.network, this, address, events);
  }

  /** The process ends, and its connections with it. */
  end(): void {
    this.alive = false;
    this.network.end(this);
    for (const link of this.incoming) this.reset(link);
  }

  /** @internal */
  accept(link: SimulatedLink): void {
    this.incoming.add(link);
  }

  /** @internal The other end learns that this one is gone, when it can be reached. */
  reset(link: SimulatedLink): void {
    this.incoming.delete(link);
    this.network.clock.after(this.network.delayMs(), () => {
      if (!this.network.isCut(this.address, link.from)) link.broken(this);
    });
  }

  /** @internal Answers a call. @throws (the promise) what the caller gets to see */
  async answer(procedure: AnyProcedure, argBytes: Uint8Array, peer: string): Promise<Uint8Array> {
    const service = this.services.find(
      ({ prog, vers }) => prog === procedure.prog && vers === procedure.vers,
    );
    const row = service?.procedures.get(procedure.proc);
    if (row === undefined) throw refusal(AcceptStat.PROC_UNAVAIL, procedure.name);
    const args = decodeXdr(row.procedure.args, argBytes);
    const context: CallContext = {
      peer,
      xid: this.nextXid++,
      credential: { flavor: "none" },
      argBytes,
      onGone: () => () => {},
    };
    try {
      return encodeXdr(row.procedure.result, await row.handler(args, context));
    } catch (error) {
      if (this.alive) this.network.handlerErrors.push(error);
      throw refusal(AcceptStat.SYSTEM_ERR, procedure.name);
    }
  }
}

function refusal(
  stat: typeof AcceptStat.SYSTEM_ERR | typeof AcceptStat.PROC_UNAVAIL,
  name: string,
): RpcAcceptedError {
  return new RpcAcceptedError(`${name} is answered ${stat}`, stat);
}

/** A call that waits for its reply. */
interface WaitingCall {
  readonly procedure: AnyProcedure;
  readonly argBytes: Uint8Array;
  sent: boolean;
  readonly resolve: (resultBytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** One process's way to call another: a connection that is made when it is needed. */
class SimulatedLink implements Link {
  private readonly network: SimulatedNetwork;
  private readonly host: SimulatedHost;
  private readonly to: string;
  private readonly events: LinkEvents;
  private readonly waiting = new Set<WaitingCall>();
  /** The process at the other end of the connection; undefined: there is none. */
  private target: SimulatedHost | undefined;
  private connecting = false;
  private closed = false;
  /** Calls of this connection that the other end works on, and those that it has not begun to read. */
  private inFlight = 0;
  private unread: (() => void)[] = [];

  constructor(network: SimulatedNetwork, host: SimulatedHost, to: string, events: LinkEvents) {
    this.network = network;
    this.host = host;
    this.to = to;
    this.events = events;
  }

  get from(): string {
    return this.host.address;
  }

  get connected(): boolean {
    return this.target !== undefined;
  }

  async call<Args, Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    options: CallOptions = {},
  ): Promise<Result> {
    if (this.closed) throw new RpcCancelledError("CLIENT_CLOSED", `the link to ${this.to} was closed`, false);
    const argBytes = encodeXdr(procedure.args, args);
    const resultBytes = await this.carry(procedure, argBytes, options.timeoutMs ?? CALL_TIMEOUT_MS);
    return decodeXdr(procedure.result, resultBytes);
  }

  close(): void {
    this.closed = true;
    this.target = undefined;
    this.failAll((call) => new RpcCancelledError("CLIENT_CLOSED", `${this.to}: closed`, call.sent));
  }

  /** @internal The connection with `target` is no more. */
  broken(target: SimulatedHost): void {
    if (this.target !== target || !this.host.isAlive) return;
    this.target = undefined;
    this.failAll(() => new RpcTransportError("CONNECTION_LOST", `${this.to}: connection lost`, true));
    this.events.onDisconnect();
  }

  private carry(procedure: AnyProcedure, argBytes: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const call: WaitingCall = { procedure, argBytes, sent: false, resolve, reject };
      this.waiting.add(call);
      this.network.clock.after(timeoutMs, () => {
        this.fail(call, new RpcTimeoutError(`${this.to}: no reply in ${timeoutMs} ms`, timeoutMs, call.sent));
      });
      if (this.target !== undefined) this.send(call, this.target);
      else this.connect();
    });
  }

  private connect(): void {
    if (this.connecting) return;
    this.connecting = true;
    const { network, from, to } = this;
    if (network.isCut(from, to) || network.isCut(to, from)) {
      network.clock.after(CONNECT_TIMEOUT_MS, () => this.notConnected("CONNECT_TIMEOUT"));
      return;
    }
    network.clock.after(network.delayMs() + network.delayMs(), () => {
      const target = network.hostAt(to);
      if (target === undefined) this.notConnected("CONNECT_FAILED");
      else this.connectedTo(target);
    });
  }

  private notConnected(code: "CONNECT_FAILED" | "CONNECT_TIMEOUT"): void {
    this.connecting = false;
    this.failAll(() => new RpcTransportError(code, `${this.to}: ${code}`, false));
  }

  private connectedTo(target: SimulatedHost): void {
    this.connecting = false;
    if (this.closed || !this.host.isAlive) return;
    this.target = target;
    this.inFlight = 0;
    this.unread = [];
    target.accept(this);
    this.events.onConnect();
    for (const call of this.waiting) this.send(call, target);
  }

  private send(call: WaitingCall, target: SimulatedHost): void {
    call.sent = true;
    const { network, from, to } = this;
    const copies = network.isDuplicated(call.procedure) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      // Each arrival has bytes of its own, as each record of a stream has.
      network.send(from, to, () => this.arrived(call, target, Uint8Array.from(call.argBytes)));
    }
  }

  private arrived(call: WaitingCall, target: SimulatedHost, argBytes: Uint8Array): void {
    if (!target.isAlive) {
      target.reset(this);
      return;
    }
    if (this.target === target && this.inFlight >= this.network.callsInFlightLimit) {
      this.unread.push(() => this.serve(call, target, argBytes));
    } else {
      this.serve(call, target, argBytes);
    }
  }

  private serve(call: WaitingCall, target: SimulatedHost, argBytes: Uint8Array): void {
    this.inFlight += 1;
    target.answer(call.procedure, argBytes, this.from).then(
      (resultBytes) => this.reply(call, target, () => call.resolve(resultBytes)),
      (error: Error) => this.reply(call, target, () => call.reject(error)),
    );
  }

  private reply(call: WaitingCall, target: SimulatedHost, settle: () => void): void {
    if (!target.isAlive) return;
    if (this.target === target) {
      this.inFlight -= 1;
      this.unread.shift()?.();
    }
    this.network.send(this.to, this.from, () => {
      if (this.target === target && this.waiting.delete(call) && this.host.isAlive) settle();
    });
  }

  private fail(call: WaitingCall, error: Error): void {
    if (this.waiting.delete(call) && this.host.isAlive) call.reject(error);
  }

  private failAll(errorOf: (call: WaitingCall) => Error): void {
    for (const call of [...this.waiting]) this.fail(call, errorOf(call));
  }
}
