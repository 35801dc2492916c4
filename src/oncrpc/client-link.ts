import { type BackoffOptions, backoffDelayMs } from "./backoff.ts";
import type { ByteStream, ClientTransport } from "./byte-stream.ts";
import { ClientConnection } from "./client-connection.ts";
import { RpcTransportError } from "./errors.ts";
import { logFor } from "./log.ts";
import type { RecordReaderOptions } from "./record-reader.ts";
import { describeSystemError } from "./system-error.ts";

const log = logFor("oncrpc:client");

export interface ClientLinkOptions extends RecordReaderOptions {
  readonly connectTimeoutMs: number;
  readonly backoff: BackoffOptions;
}

/** Who is told what happens on a {@link ClientLink}. */
export interface ClientLinkOwner {
  onLinkUp(connection: ClientConnection): void;
  /** @throws RpcProtocolError when the record makes no sense; the connection is then given up */
  onRecord(record: Uint8Array): void;
  /** There is no connection any more (`wasUp`), or none could be made. */
  onLinkDown(error: RpcTransportError, wasUp: boolean): void;
}

/** See the table at {@link ClientLink}. */
export type ClientState = "idle" | "waiting" | "connecting" | "connected" | "closed";

/**
 * Gets a client its connections, one after the other. It does not know what a call is.
 *
 * | state | is left by |
 * |---|---|
 * | idle: there is no connection | `open` → connecting; or waiting, if the last attempt failed a moment ago |
 * | waiting: for the back-off to pass | its end → connecting |
 * | connecting | success → connected; failure, or taking too long → idle |
 * | connected | the end of the connection, from either side → idle |
 * | closed | nothing; every state goes there by `close` |
 */
export class ClientLink {
  private readonly transport: ClientTransport;
  private readonly options: ClientLinkOptions;
  private readonly owner: ClientLinkOwner;
  private current: ClientState = "idle";
  private connection: ClientConnection | undefined;
  /** The attempt to connect that is under way. */
  private attempt: AbortController | undefined;
  /** Ends the waiting, or the attempt to connect. */
  private timer: NodeJS.Timeout | undefined;
  /** Connections in a row that could not be made or brought no reply. */
  private failures = 0;
  private notBeforeMs = 0;

  constructor(transport: ClientTransport, options: ClientLinkOptions, owner: ClientLinkOwner) {
    this.transport = transport;
    this.options = options;
    this.owner = owner;
  }

  get state(): ClientState {
    return this.current;
  }

  /** Sees to it that there will be an `onLinkUp`, or an `onLinkDown` that says why not. */
  open(): void {
    if (this.current !== "idle") return;
    const delayMs = Math.ceil(this.notBeforeMs - performance.now());
    if (delayMs > 0) {
      this.current = "waiting";
      this.timer = setTimeout(() => this.connect(), delayMs);
    } else {
      this.connect();
    }
  }

  /** Ends the connection for good, without a further `onLinkDown`. */
  close(): void {
    this.current = "closed";
    this.attempt?.abort();
    this.endAttempt();
    this.connection?.close();
    this.connection = undefined;
  }

  private connect(): void {
    this.current = "connecting";
    const attempt = new AbortController();
    this.attempt = attempt;
    const { connectTimeoutMs } = this.options;
    this.timer = setTimeout(() => {
      const message = `cannot connect to ${this.transport.target}: no answer within ${connectTimeoutMs} ms`;
      attempt.abort();
      this.connectFailed(attempt, new RpcTransportError("CONNECT_TIMEOUT", message, false));
    }, connectTimeoutMs);
    log("connecting to %s", this.transport.target);
    this.transport.connect(attempt.signal).then(
      (stream) => this.connected(attempt, stream),
      (error: unknown) => this.connectFailed(attempt, error),
    );
  }

  private connected(attempt: AbortController, stream: ByteStream): void {
    // Too late: the attempt was given up.
    if (attempt !== this.attempt) {
      stream.destroy();
      return;
    }
    log("connected to %s", this.transport.target);
    this.endAttempt();
    this.current = "connected";
    this.connection = new ClientConnection(stream, this.options, {
      onRecord: (record) => {
        this.failures = 0;
        this.owner.onRecord(record);
      },
      onLost: (cause) => this.lost(cause),
    });
    this.owner.onLinkUp(this.connection);
  }

  private connectFailed(attempt: AbortController, error: unknown): void {
    if (attempt !== this.attempt) return;
    this.endAttempt();
    if (error instanceof RpcTransportError) {
      this.down(error, false);
    } else {
      const message = `cannot connect to ${this.transport.target}: ${describeSystemError(error)}`;
      this.down(new RpcTransportError("CONNECT_FAILED", message, false, error), false);
    }
  }

  private endAttempt(): void {
    clearTimeout(this.timer);
    this.attempt = undefined;
  }

  private lost(cause: Error): void {
    this.connection = undefined;
    const message = `connection to ${this.transport.target} lost: ${describeSystemError(cause)}`;
    this.down(new RpcTransportError("CONNECTION_LOST", message, true, cause), true);
  }

  private down(error: RpcTransportError, wasUp: boolean): void {
    log("%s", error.message);
    this.current = "idle";
    this.notBeforeMs = performance.now() + backoffDelayMs(this.failures, Math.random(), this.options.backoff);
    this.failures += 1;
    this.owner.onLinkDown(error, wasUp);
  }
}
