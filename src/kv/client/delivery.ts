import { backoffDelayMs } from "../../oncrpc/backoff.ts";
import { RpcCancelledError, RpcTimeoutError } from "../../oncrpc/errors.ts";
import type { CallOptions, Procedure } from "../../oncrpc/procedure.ts";
import { KvStatus } from "../gen/kv.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  KvCancelledError,
  KvRefusedError,
  KvUnavailableError,
  KvUncertainError,
  type ServerFailure,
} from "./errors.ts";
import type { ServerList } from "./server-list.ts";
import { failureOfError, type TryFailure } from "./try-failure.ts";

/** What the results of all procedures have that can be refused. */
export interface StatusResult {
  readonly result: { readonly status: KvStatus };
}

export interface DeliveryLimits {
  /** For all tries together. */
  readonly timeoutMs: number;
  /** For one try in the first round over the servers; it doubles with each round. */
  readonly tryTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** A try that came to nothing may leave something behind. */
  readonly isWrite: boolean;
}

/** Between two rounds over the servers. An election takes some tenths of a second. */
const ROUND_BACKOFF = { minMs: 25, maxMs: 400 };

/** The first try leaves time for another at the next server, however short the time for all is. */
const FIRST_TRY_SHARE = 0.7;

/**
 * One call on its way to an answer.
 *
 * It goes to the preferred server. Where that one cannot be reached, does not answer in time, or says that it
 * cannot help now, the call goes to the next one, and so round and round, with a pause after each round, until one
 * answers or the time is up. A write is sent again as it was, with the same session and sequence, so it does not
 * matter how many servers have seen it.
 */
export class Delivery {
  private readonly servers: ServerList;
  private readonly limits: DeliveryLimits;
  /** On the clock of `performance.now()`. */
  readonly startedMs: number = performance.now();
  private endpoint: Endpoint;
  private tries = 0;
  private tryBeganMs = this.startedMs;
  /** How long a server waited for a majority before it said that there is none; the longest of all tries. */
  private noMajorityMs = 0;
  private wasMayBeApplied = false;
  private failures: Map<Endpoint, TryFailure> | undefined;

  constructor(servers: ServerList, limits: DeliveryLimits) {
    this.servers = servers;
    this.limits = limits;
    this.endpoint = servers.preferred;
  }

  /** A write of it was sent whose outcome is not known. */
  get mayBeApplied(): boolean {
    return this.wasMayBeApplied;
  }

  /**
   * Carries out the call, and may be used again with other arguments within the same limits.
   *
   * @returns an answer whose status says what became of the call: neither "unavailable", "busy" nor "uncertain"
   * @throws KvUnavailableError, KvUncertainError, KvCancelledError
   */
  async carryOut<Args, Res extends StatusResult>(procedure: Procedure<Args, Res>, args: Args): Promise<Res> {
    for (;;) {
      if (this.servers.isClosed) throw new KvCancelledError("CLOSED", this.mayBeApplied);
      const { endpoint } = this;
      const { rpc, answers } = endpoint;
      let failure: TryFailure;
      try {
        const res = await rpc.call(procedure, args, this.callOptions());
        endpoint.answers += 1;
        if (this.isFinal(res.result.status)) {
          if (this.tries > 0) this.servers.prefer(endpoint);
          return res;
        }
        failure = failureOfAnswer(res.result);
      } catch (error) {
        if (error instanceof RpcTimeoutError && error.sent) endpoint.timedOut(rpc, answers);
        if (error instanceof RpcCancelledError) this.throwIfOwn(error);
        failure = failureOfError(error);
        // Cut short: the server had no time to say again that there is no majority.
        if (error instanceof RpcTimeoutError && error.timeoutMs < this.noMajorityMs)
          failure = { ...failure, isPremature: true };
      }
      this.failed(failure);
      await this.moveOn();
    }
  }

  /** The error for an answer that is neither success nor any use in asking again. */
  refusal({ status, message = "" }: { status: KvStatus; message?: string }): KvRefusedError {
    if (status === KvStatus.KV_OK) throw new TypeError("KV_OK is not a refusal");
    return new KvRefusedError(this.endpoint.address, status, message);
  }

  /** The error for a call without an answer, at this moment. */
  noAnswer(): KvUnavailableError | KvUncertainError {
    const failures: ServerFailure[] = [];
    for (const [{ address }, { reason }] of this.failures ?? []) failures.push({ server: address, reason });
    const all = [...(this.failures?.values() ?? [])];
    const status = all.find((failure) => failure.status !== undefined)?.status;
    const cause = all.find((failure) => failure.error !== undefined)?.error;
    const elapsedMs = Math.round(performance.now() - this.startedMs);
    const why = `gave up after ${elapsedMs} ms (${failuresText(failures)})`;
    if (this.mayBeApplied) {
      const message = `the write may or may not have been applied: ${why}`;
      return new KvUncertainError(message, failures, status, cause);
    }
    const message = `no server could do it: ${why}`;
    return new KvUnavailableError(message, failures, status, cause);
  }

  private isFinal(status: KvStatus): boolean {
    switch (status) {
      case KvStatus.KV_UNAVAILABLE:
      case KvStatus.KV_BUSY:
      case KvStatus.KV_UNCERTAIN:
        return false;
      // One server that refuses a write does not say what another has made of it before.
      case KvStatus.KV_INVALID:
      case KvStatus.KV_TOO_LARGE:
      case KvStatus.KV_NO_SPACE:
        return !this.mayBeApplied;
      default:
        return true;
    }
  }

  private callOptions(): CallOptions {
    const { timeoutMs, tryTimeoutMs, signal } = this.limits;
    const count = this.servers.endpoints.length;
    if (this.tries === 0) {
      const mostMs = count === 1 ? timeoutMs : timeoutMs * FIRST_TRY_SHARE;
      return callOptions(Math.min(tryTimeoutMs, mostMs), signal);
    }
    const roundTryMs = tryTimeoutMs * 2 ** Math.floor(this.tries / count);
    return callOptions(Math.min(roundTryMs, Math.max(this.remainingMs(), 1)), signal);
  }

  private remainingMs(): number {
    return this.startedMs + this.limits.timeoutMs - performance.now();
  }

  private failed(failure: TryFailure): void {
    this.failures ??= new Map();
    if (!failure.isPremature || !this.failures.has(this.endpoint)) this.failures.set(this.endpoint, failure);
    this.tries += 1;
    if (failure.status === KvStatus.KV_UNAVAILABLE) {
      this.noMajorityMs = Math.max(this.noMajorityMs, performance.now() - this.tryBeganMs);
    }
    if (this.limits.isWrite && failure.mayBeApplied) this.wasMayBeApplied = true;
  }

  /** Turns to the next server, after a pause where it was the last of a round. */
  private async moveOn(): Promise<void> {
    const { servers } = this;
    const remainingMs = this.remainingMs();
    if (remainingMs <= 0 || this.isHopeless()) throw this.noAnswer();
    this.endpoint = servers.after(this.endpoint);
    if (this.tries % servers.endpoints.length === 0) {
      if (remainingMs <= ROUND_BACKOFF.minMs || this.wouldEndUncertain(remainingMs)) throw this.noAnswer();
      const delayMs = backoffDelayMs(this.tries / servers.endpoints.length, Math.random(), ROUND_BACKOFF);
      await servers.pauses.wait(Math.min(delayMs, remainingMs / 2), this.limits.signal);
    }
    this.tryBeganMs = performance.now();
  }

  /**
   * Servers have said, after they had waited for a majority, that there is none. They would wait as long again;
   * without the time to hear them say so, a write that has certainly not been applied would become one that may
   * have been.
   */
  private wouldEndUncertain(remainingMs: number): boolean {
    return this.limits.isWrite && !this.mayBeApplied && remainingMs < this.noMajorityMs;
  }

  /** None of the servers will ever answer. */
  private isHopeless(): boolean {
    if (this.failures?.size !== this.servers.endpoints.length) return false;
    return [...this.failures.values()].every((failure) => failure.isLasting);
  }

  /** A call that was taken back: by the caller, or because a silent connection was given up. */
  private throwIfOwn(error: RpcCancelledError): void {
    const uncertain = this.limits.isWrite && (this.mayBeApplied || error.sent);
    if (error.code === "CALL_ABORTED") throw new KvCancelledError("ABORTED", uncertain, error.cause);
    if (this.servers.isClosed) throw new KvCancelledError("CLOSED", uncertain);
  }
}

function callOptions(timeoutMs: number, signal: AbortSignal | undefined): CallOptions {
  return signal === undefined ? { timeoutMs } : { timeoutMs, signal };
}

function failureOfAnswer(result: { readonly status: KvStatus; readonly message?: string }): TryFailure {
  const { status, message = "" } = result;
  const mayBeApplied = status === KvStatus.KV_UNCERTAIN;
  return { reason: message, mayBeApplied, isLasting: false, isPremature: false, status, error: undefined };
}

/** Each reason once, behind the servers that gave it. */
function failuresText(failures: readonly ServerFailure[]): string {
  const serversOf = new Map<string, string[]>();
  for (const { server, reason } of failures)
    serversOf.set(reason, [...(serversOf.get(reason) ?? []), server]);
  return [...serversOf].map(([reason, servers]) => `${servers.join(", ")}: ${reason}`).join("; ");
}
