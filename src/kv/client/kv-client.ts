import { parseAddress } from "../../oncrpc/address.ts";
import type { Procedure } from "../../oncrpc/procedure.ts";
import { tcpTransport } from "../../oncrpc/tcp-stream.ts";
import {
  KV_DELETE,
  KV_GET,
  KV_PUT,
  KV_RANGE,
  KV_RANGE_MAX,
  KV_REPLICAS,
  KV_STATUS,
  KV_WAIT_MAX_MS,
  type KvCondition,
  KvConsistency,
  type KvDeleteOk,
  type KvDeleteRes,
  type KvPutOk,
  type KvPutRes,
  type KvReplicasOk,
  KvStatus,
  KvWhen,
} from "../gen/kv.ts";
import { Delivery, type StatusResult } from "./delivery.ts";
import { Endpoint, type TransportFactory } from "./endpoint.ts";
import { KvCancelledError, KvConflictError, KvUnavailableError } from "./errors.ts";
import { boundBytes, endOfPrefix, type KvBytes, keyAfter, keyBytes, valueBytes } from "./key-value-bytes.ts";
import { type KvPair, type KvRange, type KvServerReport, ownPair } from "./results.ts";
import { ServerList } from "./server-list.ts";
import { SessionPool } from "./session-pool.ts";
import { failureOfError } from "./try-failure.ts";

export interface KvClientOptions {
  /** The servers of the cluster, `host:port`; all of them or some, since each one answers every call. */
  readonly servers: readonly string[];
  /** How long a call may take, all its tries included, in milliseconds. Default: 10 000; at most 240 000. */
  readonly timeoutMs?: number;
  /**
   * A call that a server has not answered for so long goes to the next one, in milliseconds. Doubles with each round
   * over all servers. Default: 3 500. It should be longer than the servers' own `--request-timeout-ms`: one that
   * finds no majority says so when that is over, and only then is it certain that a write was not applied. Servers
   * that hang are found out sooner.
   */
  readonly tryTimeoutMs?: number;
  /** How servers are reached. Default: over TCP. */
  readonly transport?: TransportFactory;
}

export interface KvCallOptions {
  /** Instead of the client's own, see {@link KvClientOptions.timeoutMs}. */
  readonly timeoutMs?: number;
  /** Aborting it takes the call back: it fails with `KvCancelledError`, and a write may yet be applied. */
  readonly signal?: AbortSignal;
}

export interface KvWriteOptions extends KvCallOptions {
  /** Write only if this is the revision that last changed the key; 0: only if there is no such key. */
  readonly ifRevision?: number;
}

export interface KvReadOptions extends KvCallOptions {
  /** Read the store as it was at this revision. Default: as it is now. */
  readonly revision?: number;
  /**
   * True: the server that is asked answers for itself alone, without a majority; it may not have heard of the
   * latest writes. Default: false, the answer holds all that was written before the call (linearizable).
   */
  readonly serializable?: boolean;
}

export interface KvRangeOptions extends KvReadOptions {
  /** The first key. Default: that of the store. */
  readonly start?: KvBytes;
  /** Where to stop: the first key that is not wanted. Default: behind the last one of the store. */
  readonly end?: KvBytes;
  /** Only keys that begin so; instead of `start` and `end`. */
  readonly prefix?: KvBytes;
  /** Pairs at most. Default: as many as there are. */
  readonly limit?: number;
}

export interface KvReplicasOptions extends KvCallOptions {
  /** Wait so long until all servers have it, in milliseconds, on top of `timeoutMs`. Default: 0; at most 60 000. */
  readonly waitMs?: number;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_TRY_TIMEOUT_MS = 3_500;
/** Shorter than `KV_SESSION_MIN_MS`, for which servers remember a write, so that no retry comes too late. */
const TIMEOUT_MAX_MS = 240_000;

const NO_OPTIONS = {};
const ALWAYS: KvCondition = { when: KvWhen.KV_ALWAYS };

/** The part of a write's arguments that makes it happen exactly once. */
interface SessionArgs {
  session: Uint8Array;
  sequence: number;
}

/** What it is until there is one. */
const NO_SESSION: SessionArgs = { session: new Uint8Array(0), sequence: 0 };

/** What the outcome of a write is when there is none. */
const REFUSED = Symbol("refused");

/**
 * A client of a Sundial cluster.
 *
 * ```ts
 * const kv = new KvClient({ servers: ["localhost:9001", "localhost:9002", "localhost:9003"] });
 * await kv.put("mykey", "Hello World");
 * const pair = await kv.get("mykey");
 * console.log(pair?.value.toString());
 * kv.close();
 * ```
 *
 * Any number of calls may be under way at a time; they share one connection to one server, the first of `servers`
 * that works, until it fails. Each write is applied exactly once, however often it had to be sent. Keys and values
 * given as bytes must not change before the call has ended.
 *
 * Calls fail with a {@link KvError}: `KvLimitError` before anything is sent; `KvConflictError`, `KvRefusedError`;
 * `KvUnavailableError` when no server could do it in time, `KvUncertainError` when a write may have happened
 * nevertheless; `KvCancelledError`. Options that make no sense are a `RangeError`.
 */
export class KvClient {
  private readonly servers: ServerList;
  private readonly timeoutMs: number;
  private readonly tryTimeoutMs: number;
  private readonly sessions = new SessionPool();

  /**
   * Connections are made with the first call.
   * @throws RpcAddressError for a server that is not `host:port`
   * @throws RangeError when there is none, or for times out of range
   */
  constructor(options: KvClientOptions) {
    const { servers, transport = tcpTransport } = options;
    this.timeoutMs = checkedTimeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    this.tryTimeoutMs = checkedTimeout(options.tryTimeoutMs ?? DEFAULT_TRY_TIMEOUT_MS);
    if (servers.length === 0) throw new RangeError("servers: at least one is needed");
    this.servers = new ServerList(servers.map((text) => new Endpoint(parseAddress(text), transport)));
  }

  /** Sets `key` to `value`. Resolves when a majority of the servers has it on disk. */
  put(key: KvBytes, value: KvBytes, options: KvWriteOptions = NO_OPTIONS): Promise<KvPutOk> {
    return this.write(options, KV_PUT, putOutcome, () => ({
      ...NO_SESSION,
      key: keyBytes(key),
      value: valueBytes(value),
      condition: conditionOf(options),
    }));
  }

  /** Removes `key`. Undefined: there was no such key, and nothing was changed. */
  delete(key: KvBytes, options: KvWriteOptions = NO_OPTIONS): Promise<KvDeleteOk | undefined> {
    return this.write(options, KV_DELETE, deleteOutcome, () => ({
      ...NO_SESSION,
      key: keyBytes(key),
      condition: conditionOf(options),
    }));
  }

  /** Reads `key`. Undefined: there is no such key. */
  async get(key: KvBytes, options: KvReadOptions = NO_OPTIONS): Promise<KvPair | undefined> {
    const args = { key: keyBytes(key), revision: revisionOf(options), consistency: consistencyOf(options) };
    const delivery = this.delivery(options, false);
    const { result } = await delivery.carryOut(KV_GET, args);
    if (result.status === KvStatus.KV_OK) return ownPair(result.pair);
    if (result.status === KvStatus.KV_NOT_FOUND) return undefined;
    throw delivery.refusal(result);
  }

  /** Reads pairs, as many as one answer holds; see {@link pages} and {@link scan} for all. */
  async range(options: KvRangeOptions = NO_OPTIONS): Promise<KvRange> {
    const { start, end } = boundsOf(options);
    const args = {
      start,
      end,
      limit: limitOf(options),
      revision: revisionOf(options),
      consistency: consistencyOf(options),
    };
    const delivery = this.delivery(options, false);
    const { result } = await delivery.carryOut(KV_RANGE, args);
    if (result.status !== KvStatus.KV_OK) throw delivery.refusal(result);
    const { pairs, more, revision } = result.ok;
    return { pairs: pairs.map(ownPair), more, revision };
  }

  /** Reads pairs in answers of bounded size, all at the revision of the first. */
  async *pages(options: KvRangeOptions = NO_OPTIONS): AsyncGenerator<KvRange, void> {
    const { prefix: _, ...rest } = { ...options, ...boundsOf(options) };
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    let page = await this.range(rest);
    while (true) {
      yield page;
      const last = page.pairs.at(-1);
      left -= page.pairs.length;
      if (!page.more || last === undefined || left <= 0) return;
      const start = keyAfter(last.key);
      if (start.length === 0) return;
      const limit = Number.isFinite(left) ? { limit: left } : NO_OPTIONS;
      page = await this.range({ ...rest, ...limit, start, revision: page.revision });
    }
  }

  /** Reads pairs one by one, all at the same revision. */
  async *scan(options: KvRangeOptions = NO_OPTIONS): AsyncGenerator<KvPair, void> {
    for await (const { pairs } of this.pages(options)) yield* pairs;
  }

  /** On how many disks is `revision`? A write that was acknowledged is on a majority of them. */
  async replicas(revision: number, options: KvReplicasOptions = NO_OPTIONS): Promise<KvReplicasOk> {
    const waitMs = checkedInteger("waitMs", options.waitMs ?? 0);
    if (waitMs > KV_WAIT_MAX_MS) throw new RangeError(`waitMs: ${waitMs} is more than ${KV_WAIT_MAX_MS}`);
    const delivery = this.delivery(options, false, waitMs);
    const args = { revision: checkedInteger("revision", revision), waitMs };
    const { result } = await delivery.carryOut(KV_REPLICAS, args);
    if (result.status === KvStatus.KV_OK) return result.ok;
    throw delivery.refusal(result);
  }

  /**
   * Asks each server for its own state, one try each. A server that is down has an entry too.
   * @throws KvCancelledError (the promise) when the call is taken back
   */
  status(options: KvCallOptions = NO_OPTIONS): Promise<KvServerReport[]> {
    return Promise.all(this.servers.endpoints.map((endpoint) => this.report(endpoint, options)));
  }

  /** Ends all connections. Calls under way, and later ones, fail with `KvCancelledError` `CLOSED`. */
  close(): void {
    this.servers.close();
  }

  private delivery(options: KvCallOptions, isWrite: boolean, extraMs = 0): Delivery {
    const timeoutMs = options.timeoutMs === undefined ? this.timeoutMs : checkedTimeout(options.timeoutMs);
    return new Delivery(this.servers, {
      timeoutMs: timeoutMs + extraMs,
      tryTimeoutMs: this.tryTimeoutMs + extraMs,
      signal: options.signal,
      isWrite,
    });
  }

  /**
   * Carries out a write within a session, see `idl/kv.x`.
   *
   * @param outcomeOf  what a result means; REFUSED: it is none of those that this write is about
   * @param argsOf  the arguments but for the session; may throw, for keys and values that are none
   */
  private async write<Args extends SessionArgs, Res extends StatusResult, Outcome>(
    options: KvWriteOptions,
    procedure: Procedure<Args, Res>,
    outcomeOf: (result: Res["result"]) => Outcome | typeof REFUSED,
    argsOf: () => Args,
  ): Promise<Outcome> {
    const args = argsOf();
    const delivery = this.delivery(options, true);
    const { startedMs } = delivery;
    let session = this.sessions.take(startedMs);
    try {
      for (;;) {
        args.session = session.id;
        args.sequence = session.nextSequence();
        const { result } = await delivery.carryOut(procedure, args);
        const isLost = isSessionLost(result.status);
        // Where an earlier try may have been applied, a new session could apply the write again.
        if (isLost && delivery.mayBeApplied) throw delivery.noAnswer();
        if (!isLost || args.sequence === 1) {
          const outcome = outcomeOf(result);
          if (outcome === REFUSED) throw delivery.refusal(result);
          return outcome;
        }
        session = this.sessions.draw();
      }
    } finally {
      this.sessions.giveBack(session, startedMs);
    }
  }

  private async report(endpoint: Endpoint, { timeoutMs, signal }: KvCallOptions): Promise<KvServerReport> {
    const { address } = endpoint;
    if (this.servers.isClosed) throw new KvCancelledError("CLOSED", false);
    const limit = { timeoutMs: checkedTimeout(timeoutMs ?? Math.min(this.tryTimeoutMs, this.timeoutMs)) };
    try {
      const res = await endpoint.rpc.call(
        KV_STATUS,
        undefined,
        signal === undefined ? limit : { ...limit, signal },
      );
      endpoint.answers += 1;
      return { up: true, address, ...res };
    } catch (error) {
      if (this.servers.isClosed) throw new KvCancelledError("CLOSED", false);
      if (signal?.aborted === true) throw new KvCancelledError("ABORTED", false, signal.reason);
      const { reason, error: cause } = failureOfError(error);
      const failures = [{ server: address, reason }];
      return {
        up: false,
        address,
        reason,
        error: new KvUnavailableError(`${address}: ${reason}`, failures, undefined, cause),
      };
    }
  }
}

function putOutcome(result: KvPutRes["result"]): KvPutOk | typeof REFUSED {
  if (result.status === KvStatus.KV_OK) return result.ok;
  if (result.status === KvStatus.KV_CONFLICT) throw new KvConflictError(result.modRevision);
  return REFUSED;
}

function deleteOutcome(result: KvDeleteRes["result"]): KvDeleteOk | undefined | typeof REFUSED {
  if (result.status === KvStatus.KV_OK) return result.ok;
  if (result.status === KvStatus.KV_NOT_FOUND) return undefined;
  if (result.status === KvStatus.KV_CONFLICT) throw new KvConflictError(result.modRevision);
  return REFUSED;
}

function isSessionLost(status: KvStatus): boolean {
  return status === KvStatus.KV_SESSION_EXPIRED || status === KvStatus.KV_SEQUENCE_OLD;
}

function conditionOf({ ifRevision }: KvWriteOptions): KvCondition {
  if (ifRevision === undefined) return ALWAYS;
  return { when: KvWhen.KV_IF_REVISION, modRevision: checkedInteger("ifRevision", ifRevision) };
}

function revisionOf({ revision }: KvReadOptions): number {
  return revision === undefined ? 0 : checkedInteger("revision", revision);
}

function consistencyOf({ serializable }: KvReadOptions): KvConsistency {
  return serializable === true ? KvConsistency.KV_SERIALIZABLE : KvConsistency.KV_LINEARIZABLE;
}

/** As `idl/kv.x` has it, where 0 is as many as fit into an answer. */
function limitOf({ limit }: KvRangeOptions): number {
  if (limit === undefined) return 0;
  if (limit === 0) throw new RangeError("limit: it must be at least 1");
  return Math.min(checkedInteger("limit", limit), KV_RANGE_MAX);
}

function boundsOf({ start, end, prefix }: KvRangeOptions): { start: Uint8Array; end: Uint8Array } {
  if (prefix === undefined) return { start: boundBytes(start ?? ""), end: boundBytes(end ?? "") };
  if (start !== undefined || end !== undefined)
    throw new RangeError("prefix: not together with start or end");
  const first = boundBytes(prefix);
  return { start: first, end: endOfPrefix(first) };
}

function checkedTimeout(timeoutMs: number): number {
  if (timeoutMs > 0 && timeoutMs <= TIMEOUT_MAX_MS) return timeoutMs;
  throw new RangeError(`timeoutMs: ${timeoutMs} is not more than 0 and at most ${TIMEOUT_MAX_MS}`);
}

function checkedInteger(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name}: ${value} is not an integer from 0 to 2^53 - 1`);
}
