import { XdrReader, type XdrReaderOptions, XdrWriter } from "../xdr/index.ts";
import { onAbort } from "./abort-watch.ts";
import type { BackoffOptions } from "./backoff.ts";
import type { ClientTransport } from "./byte-stream.ts";
import { encodeCallHeader } from "./call-header.ts";
import type { ClientConnection } from "./client-connection.ts";
import { ClientLink, type ClientState } from "./client-link.ts";
import { encodeCredential } from "./credential.ts";
import { DeadlineTimer } from "./deadline-timer.ts";
import { RpcCancelledError, RpcProtocolError, RpcTimeoutError, RpcTransportError } from "./errors.ts";
import { type PendingCall, PendingCalls } from "./pending-calls.ts";
import type { CallOptions, Credential, Procedure, RpcCaller } from "./procedure.ts";
import { DEFAULT_RECORD_LIMIT_BYTES, type RecordReaderOptions } from "./record-reader.ts";
import { beginRecord, endRecord, recordBytes } from "./record-writer.ts";
import { decodeReply, replyXid } from "./reply.ts";

export interface RpcClientOptions extends RecordReaderOptions {
  /** How long a call waits for its reply when it does not say; `Infinity`: for ever. Default: 30 s. */
  readonly timeoutMs?: number;
  /** How long making a connection may take, looking up the name included. Default: 5 s. */
  readonly connectTimeoutMs?: number;
  /**
   * A connection on which calls wait, and nothing at all arrives for so long, is given up as dead. It must be
   * longer than the longest time the server may take for a call. Default: never.
   */
  readonly silenceTimeoutMs?: number;
  /**
   * Bytes of calls that wait on the connection because the server does not read; beyond, calls fail at once. Those
   * that wait are sent when it reads again, also when they have timed out. Default: 64 MiB.
   */
  readonly unsentLimitBytes?: number;
  readonly backoff?: BackoffOptions;
  /** Who the caller claims to be. Default: nobody, AUTH_NONE. */
  readonly credential?: Credential;
  /** How strictly results are read. */
  readonly xdr?: XdrReaderOptions;
  /** Called each time a connection was made. */
  readonly onConnect?: () => void;
  /** Called each time a connection ended, unless by {@link RpcClient.close}. */
  readonly onDisconnect?: (error: RpcTransportError) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_UNSENT_LIMIT_BYTES = 64 << 20;

/** Counts of things that go unnoticed otherwise. */
export interface RpcClientStats {
  /** Replies to calls that nobody waits for: timed out, taken back, or never made. */
  readonly repliesDropped: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/*
 * A promise hands out its two functions only to a callback. One callback for all promises does, since it runs
 * within `new Promise`.
 */
let newResolve: (result: never) => void;
let newReject: (error: Error) => void;
const captureSettlers = (resolve: (result: never) => void, reject: (error: Error) => void): void => {
  newResolve = resolve;
  newReject = reject;
};

/**
 * Calls the procedures of one server over one connection, many at a time.
 *
 * The connection is made with the first call, and made anew with the next call after it ended; no call is ever
 * sent twice. Calls of one turn of the event loop share one write. Replies may come in any order.
 *
 * A call fails with `RpcTransportError`, `RpcTimeoutError`, `RpcCancelledError`, `RpcProtocolError`,
 * `RpcDeniedError` or `RpcAcceptedError`, or with `XdrError` when its arguments have no XDR form.
 * Opaque data in results are views of what the network brought; whoever keeps them for long copies them.
 */
export class RpcClient implements RpcCaller {
  /** The server, for messages, for example `localhost:9001`. */
  readonly target: string;
  private readonly options: RpcClientOptions;
  private readonly timeoutMs: number;
  private readonly silenceTimeoutMs: number;
  private readonly recordLimitBytes: number;
  private readonly unsentLimitBytes: number;
  private readonly credential: Uint8Array;
  private readonly link: ClientLink;
  private readonly reader: XdrReader;
  private readonly pending = new PendingCalls();
  private readonly timer = new DeadlineTimer((nowMs) => this.expire(nowMs));
  private connection: ClientConnection | undefined;
  /** Where calls are encoded that have no connection yet; they wait in `unsent`. */
  private readonly unsentWriter = new XdrWriter();
  private unsent: PendingCall[] = [];
  private waiters: Waiter[] = [];
  private repliesDropped = 0;
  private busySinceMs = 0;

  constructor(transport: ClientTransport, options: RpcClientOptions = {}) {
    this.target = transport.target;
    this.options = options;
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.silenceTimeoutMs = options.silenceTimeoutMs ?? Number.POSITIVE_INFINITY;
    this.recordLimitBytes = options.recordLimitBytes ?? DEFAULT_RECORD_LIMIT_BYTES;
    this.unsentLimitBytes = options.unsentLimitBytes ?? DEFAULT_UNSENT_LIMIT_BYTES;
    this.credential = encodeCredential(options.credential ?? { flavor: "none" });
    this.reader = new XdrReader(new Uint8Array(0), options.xdr);
    const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    this.link = new ClientLink(
      transport,
      { ...options, connectTimeoutMs, backoff: options.backoff ?? {} },
      {
        onLinkUp: (connection) => this.linkUp(connection),
        onRecord: (record) => this.receive(record),
        onLinkDown: (error, wasUp) => this.linkDown(error, wasUp),
      },
    );
  }

  get state(): ClientState {
    return this.link.state;
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  /** How many calls wait for their reply. */
  get callsInFlight(): number {
    return this.pending.size;
  }

  get stats(): RpcClientStats {
    return { repliesDropped: this.repliesDropped };
  }

  /**
   * Makes the connection, if there is none, without a call.
   * @throws RpcTransportError
   */
  connect(): Promise<void> {
    if (this.connection !== undefined) return Promise.resolve();
    if (this.link.state === "closed") return Promise.reject(this.closedError("connect", false));
    const promise = new Promise<void>((resolve, reject) => this.waiters.push({ resolve, reject }));
    this.link.open();
    return promise;
  }

  call<Args, Result>(procedure: Procedure<Args, Result>, args: Args, options?: CallOptions): Promise<Result> {
    if (this.link.state === "closed") return Promise.reject(this.closedError(procedure.name, false));
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(abortedError(procedure.name, signal, false));

    const { connection } = this;
    if (connection !== undefined && connection.output.unsentBytes > this.unsentLimitBytes)
      return Promise.reject(this.bufferFullError(procedure.name));
    const writer = connection === undefined ? this.unsentWriter : connection.output.writer;
    const xid = this.pending.nextXid();
    const problem = this.encodeCall(writer, xid, procedure, args);
    if (problem !== undefined) return Promise.reject(problem);

    const nowMs = performance.now();
    const timeoutMs = options?.timeoutMs ?? this.timeoutMs;
    const promise = new Promise<Result>(captureSettlers);
    const call: PendingCall = {
      xid,
      procedure,
      timeoutMs,
      deadlineMs: nowMs + timeoutMs,
      resolve: newResolve as (result: unknown) => void,
      reject: newReject,
      unsentRecord: undefined,
      releaseSignal: undefined,
    };
    if (this.pending.size === 0) this.busySinceMs = nowMs;
    this.pending.add(call);
    this.timer.arm(Math.min(call.deadlineMs, nowMs + this.silenceTimeoutMs), nowMs);
    if (signal !== undefined) this.watch(call, signal);
    if (connection === undefined) this.keepUnsent(call);
    else connection.output.scheduleFlush();
    return promise;
  }

  /** Ends the connection. Calls in flight, and later ones, fail with `RpcCancelledError` `CLIENT_CLOSED`. */
  close(): void {
    if (this.link.state === "closed") return;
    const sent = this.connection !== undefined;
    this.link.close();
    this.connection = undefined;
    this.timer.stop();
    this.failAll((name) => this.closedError(name, sent));
  }

  /** Appends the record of a call to `writer`, or leaves it as it was and returns what is wrong. */
  private encodeCall<Args>(
    writer: XdrWriter,
    xid: number,
    procedure: Procedure<Args, unknown>,
    args: Args,
  ): Error | undefined {
    const start = beginRecord(writer);
    try {
      encodeCallHeader(writer, xid, procedure, this.credential);
      procedure.args.encode(writer, args);
      const bytes = recordBytes(writer, start);
      if (bytes > this.recordLimitBytes) {
        const problem = `the call has ${bytes} bytes, the limit is ${this.recordLimitBytes}`;
        throw new RpcProtocolError("RECORD_TOO_LARGE", `${procedure.name}: ${problem}`);
      }
      endRecord(writer, start);
      return undefined;
    } catch (error) {
      writer.truncate(start);
      return error as Error;
    }
  }

  private keepUnsent(call: PendingCall): void {
    call.unsentRecord = this.unsentWriter.copy();
    this.unsentWriter.truncate(0);
    this.unsent.push(call);
    this.link.open();
  }

  private watch(call: PendingCall, signal: AbortSignal): void {
    call.releaseSignal = onAbort(signal, () => {
      const sent = call.unsentRecord === undefined;
      this.remove(call).reject(abortedError(call.procedure.name, signal, sent));
    });
  }

  private linkUp(connection: ClientConnection): void {
    this.connection = connection;
    for (const call of this.unsent) {
      if (call.unsentRecord === undefined) continue;
      connection.output.writer.encoded(call.unsentRecord);
      call.unsentRecord = undefined;
    }
    this.unsent = [];
    connection.output.scheduleFlush();
    const nowMs = performance.now();
    this.timer.arm(nowMs + this.silenceTimeoutMs, nowMs);
    const { waiters } = this;
    this.waiters = [];
    for (const waiter of waiters) waiter.resolve();
    this.options.onConnect?.();
  }

  private linkDown(error: RpcTransportError, wasUp: boolean): void {
    this.connection = undefined;
    this.timer.stop();
    this.failAll(
      (name) => new RpcTransportError(error.code, `${name}: ${error.message}`, wasUp, error.cause),
      error,
    );
    if (wasUp) this.options.onDisconnect?.(error);
  }

  /** A record from the server: the reply to some call. */
  private receive(record: Uint8Array): void {
    const call = this.pending.get(replyXid(record));
    if (call === undefined) {
      this.repliesDropped += 1;
      return;
    }
    this.remove(call);
    let result: unknown;
    try {
      result = decodeReply(this.reader, record, call.procedure);
    } catch (error) {
      call.reject(error as Error);
      return;
    }
    call.resolve(result);
  }

  /** The timer went off: ends calls whose time is up, and a connection that is silent for too long. */
  private expire(nowMs: number): void {
    // In the order of their deadlines, so that a late timer does not change what the callers see.
    const calls = this.pending.list().sort((a, b) => a.deadlineMs - b.deadlineMs);
    for (const call of calls) {
      if (call.deadlineMs > nowMs) break;
      const sent = call.unsentRecord === undefined;
      const message = `${call.procedure.name}: no reply from ${this.target} within ${call.timeoutMs} ms`;
      this.remove(call).reject(new RpcTimeoutError(message, call.timeoutMs, sent));
    }
    const nextMs = calls.find((call) => call.deadlineMs > nowMs)?.deadlineMs ?? Number.POSITIVE_INFINITY;
    const silentAtMs = this.silenceDeadlineMs();
    if (silentAtMs <= nowMs) {
      this.connection!.abandon(new Error(`nothing arrived for ${this.silenceTimeoutMs} ms`));
    } else {
      this.timer.arm(Math.min(nextMs, silentAtMs), nowMs);
    }
  }

  private silenceDeadlineMs(): number {
    if (this.connection === undefined || this.pending.size === 0) return Number.POSITIVE_INFINITY;
    return Math.max(this.connection.lastHeardMs, this.busySinceMs) + this.silenceTimeoutMs;
  }

  /** Takes a call out, whatever becomes of it. */
  private remove(call: PendingCall): PendingCall {
    this.pending.remove(call);
    call.unsentRecord = undefined;
    call.releaseSignal?.();
    return call;
  }

  private failAll(errorFor: (name: string) => Error, connectError: Error = errorFor("connect")): void {
    const { waiters } = this;
    this.waiters = [];
    this.unsent = [];
    for (const call of this.pending.list()) this.remove(call).reject(errorFor(call.procedure.name));
    for (const waiter of waiters) waiter.reject(connectError);
  }

  private bufferFullError(name: string): RpcTransportError {
    const problem = `${this.target} does not read what was sent before, ${this.unsentLimitBytes} bytes or more`;
    return new RpcTransportError("SEND_BUFFER_FULL", `${name}: ${problem}`, false);
  }

  private closedError(name: string, sent: boolean): RpcCancelledError {
    return new RpcCancelledError("CLIENT_CLOSED", `${name}: the client of ${this.target} is closed`, sent);
  }
}

function abortedError(name: string, signal: AbortSignal, sent: boolean): RpcCancelledError {
  return new RpcCancelledError("CALL_ABORTED", `${name}: taken back by the caller`, sent, signal.reason);
}
