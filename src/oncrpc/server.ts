import type { XdrReaderOptions } from "../xdr/index.ts";
import type { HostPort } from "./address.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { ByteStream } from "./byte-stream.ts";
import { DispatchTable } from "./dispatch-table.ts";
import { Dispatcher, type FailedCall } from "./dispatcher.ts";
import { RpcTransportError } from "./errors.ts";
import { logFor } from "./log.ts";
import type { RpcService } from "./procedure.ts";
import { ServerConnection, type ServerConnectionOwner } from "./server-connection.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits, sweepIntervalMs } from "./server-limits.ts";
import { type Listener, listenTcp } from "./tcp-listener.ts";

const log = logFor("oncrpc:server");

export interface RpcServerOptions {
  /** What is served: any number of programs and versions. */
  readonly services: readonly RpcService[];
  readonly limits?: Partial<ServerLimits>;
  /** How strictly arguments are read. */
  readonly xdr?: XdrReaderOptions;
  /** Told of what a handler threw, or of a result that has no XDR form; the caller only sees SYSTEM_ERR. */
  readonly onHandlerError?: (error: unknown, call: FailedCall) => void;
}

/** Counts since the server was made. */
export interface RpcServerStats {
  /** Connections that are open now. */
  readonly connections: number;
  readonly connectionsAccepted: number;
  /** Closed, being idle, to make room for another. */
  readonly connectionsEvicted: number;
  /** Not taken, because there were too many and none was idle. */
  readonly connectionsRefused: number;
}

/**
 * Serves RPC programs, on a TCP port (`listen`) and on any other stream that it is handed (`serve`).
 *
 * Replies are as RFC 5531 wants them; what a handler throws becomes SYSTEM_ERR. Opaque data in arguments are
 * views of what the network brought. That memory is not used again: a handler may keep them, and copies them where they
 * are a small part of what it would keep in memory.
 */
export class RpcServer {
  private readonly limits: ServerLimits;
  private readonly owner: ServerConnectionOwner;
  private readonly connections = new Set<ServerConnection>();
  /** Also while it begins to. */
  private isListening = false;
  private readonly sweeper: NodeJS.Timeout;
  private listener: Listener | undefined;
  private closing: Promise<void> | undefined;
  private whenEmpty: (() => void) | undefined;
  private connectionsAccepted = 0;
  private connectionsEvicted = 0;
  private connectionsRefused = 0;

  /** @throws RangeError when two services have the same program and version */
  constructor(options: RpcServerOptions) {
    this.limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
    this.owner = {
      dispatcher: new Dispatcher(new DispatchTable(options.services), options),
      limits: this.limits,
      unfinishedBudget: new ByteBudget(this.limits.unfinishedLimitBytes),
      onClosed: (connection) => this.forget(connection),
    };
    this.sweeper = setInterval(() => this.sweep(), sweepIntervalMs(this.limits));
    this.sweeper.unref();
  }

  /** Where it listens; undefined when it does not. */
  get address(): HostPort | undefined {
    return this.listener?.address;
  }

  get stats(): RpcServerStats {
    return {
      connections: this.connections.size,
      connectionsAccepted: this.connectionsAccepted,
      connectionsEvicted: this.connectionsEvicted,
      connectionsRefused: this.connectionsRefused,
    };
  }

  /**
   * Listens on a TCP port.
   * @param address  default: the loopback address and a port of the system's choice, which is port 0
   * @returns the address, with the real port
   * @throws RpcTransportError `LISTEN_FAILED`, also when the server is closed, or meanwhile was
   */
  async listen(address: Partial<HostPort> = {}): Promise<HostPort> {
    if (this.closing !== undefined) throw closedWhileListening();
    if (this.isListening) throw new Error("the server listens already");
    const { host = "127.0.0.1", port = 0 } = address;
    this.isListening = true;
    try {
      const listener = await listenTcp({ host, port }, (stream) => this.serve(stream));
      if (this.closing === undefined) {
        this.listener = listener;
        log("listening on %o", listener.address);
        return listener.address;
      }
      listener.close();
      throw closedWhileListening();
    } catch (error) {
      this.isListening = false;
      throw error;
    }
  }

  /** Serves one connection, however it was made. */
  serve(stream: ByteStream): void {
    if (this.closing !== undefined || !this.makeRoom()) {
      this.connectionsRefused += 1;
      log("%s: refused", stream.peer);
      stream.destroy();
      return;
    }
    this.connectionsAccepted += 1;
    log("%s: connected", stream.peer);
    this.connections.add(new ServerConnection(stream, this.owner));
  }

  /**
   * Accepts no more connections and no more calls, waits for the calls in flight to be answered and for their
   * replies to be taken, and closes; after `closeTimeoutMs` it closes what is left regardless.
   */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    this.listener?.close();
    this.listener = undefined;
    for (const connection of [...this.connections]) connection.finish();
    await this.emptied();
    clearInterval(this.sweeper);
  }

  private emptied(): Promise<void> {
    if (this.connections.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const connection of [...this.connections]) connection.close("the server has to stop");
      }, this.limits.closeTimeoutMs);
      this.whenEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private forget(connection: ServerConnection): void {
    this.connections.delete(connection);
    if (this.connections.size === 0) this.whenEmpty?.();
  }

  /** Sees to it that there is room for one more connection. Returns false where there is not. */
  private makeRoom(): boolean {
    if (this.connections.size < this.limits.connectionsLimit) return true;
    let idlest: ServerConnection | undefined;
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const connection of this.connections) {
      const idleSinceMs = connection.idleSinceMs ?? Number.POSITIVE_INFINITY;
      if (idleSinceMs >= sinceMs) continue;
      idlest = connection;
      sinceMs = idleSinceMs;
    }
    if (idlest === undefined) return false;
    this.connectionsEvicted += 1;
    idlest.close("idle, and there are too many connections");
    return true;
  }

  private sweep(): void {
    const nowMs = performance.now();
    for (const connection of this.connections) connection.sweep(nowMs);
  }
}

function closedWhileListening(): RpcTransportError {
  return new RpcTransportError("LISTEN_FAILED", "cannot listen: the server is closed", false);
}
