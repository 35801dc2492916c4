import { formatAddress, type HostPort } from "../../oncrpc/address.ts";
import type { ClientTransport } from "../../oncrpc/byte-stream.ts";
import { RpcClient } from "../../oncrpc/client.ts";
import { RpcTimeoutError } from "../../oncrpc/errors.ts";
import { KV_NULL } from "../gen/kv.ts";

/** How to reach a server; TCP, unless told otherwise. */
export type TransportFactory = (server: HostPort) => ClientTransport;

/** A connection that is not made by then will hardly be. */
const CONNECT_TIMEOUT_MS = 2_000;
/** Between rounds over all servers a call waits by itself, so connections need not be held back for long. */
const RECONNECT_BACKOFF = { minMs: 10, maxMs: 100 };
/** A server with calls to answer that has not answered any for so long is asked whether it is alive. */
const SILENCE_MS = 500;
/** A server that does not answer the call that does nothing within so long hangs. */
const PROBE_TIMEOUT_MS = 1_000;

/** One server of the cluster, and the connection to it. */
export class Endpoint {
  /** `host:port` */
  readonly address: string;
  /** Calls that came back from it. */
  answers = 0;
  private readonly server: HostPort;
  private readonly transport: TransportFactory;
  private client: RpcClient | undefined;
  private watchTimer: NodeJS.Timeout | undefined;
  private answersWhenWatched = 0;
  private probe: RpcClient | undefined;

  constructor(server: HostPort, transport: TransportFactory) {
    this.address = formatAddress(server.host, server.port);
    this.server = server;
    this.transport = transport;
  }

  /**
   * The client of the server, to make a call at once; its connection is made with its first call.
   *
   * Calls in flight fail with `CLIENT_CLOSED` when the server is found to hang. It is then not waited for until
   * each of them times out: a majority that is missing takes a server longer to be sure of than a client may
   * wait for one that is dead.
   */
  get rpc(): RpcClient {
    this.client ??= this.newClient();
    this.watchTimer ??= this.startWatch();
    return this.client;
  }

  /**
   * A call over `rpc` timed out that began when there were `answersBefore`. If nothing has come back since, the
   * connection may lead nowhere, and TCP would take a quarter of an hour to notice: the next call gets a new one.
   */
  timedOut(rpc: RpcClient, answersBefore: number): void {
    if (this.answers === answersBefore && this.client === rpc) this.giveUpConnection();
  }

  close(): void {
    clearInterval(this.watchTimer);
    this.probe?.close();
    this.client?.close();
  }

  private newClient(): RpcClient {
    return new RpcClient(this.transport(this.server), {
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      backoff: RECONNECT_BACKOFF,
    });
  }

  private giveUpConnection(): void {
    const { client } = this;
    this.client = undefined;
    client?.close();
  }

  /** Looks at the server every now and then, as long as there are calls in flight. */
  private startWatch(): NodeJS.Timeout {
    this.answersWhenWatched = this.answers;
    return setInterval(() => this.watch(), SILENCE_MS).unref();
  }

  private watch(): void {
    const { client } = this;
    if (client === undefined || client.callsInFlight === 0) {
      clearInterval(this.watchTimer);
      this.watchTimer = undefined;
    } else if (this.answers === this.answersWhenWatched) {
      if (client.connected && this.probe === undefined) void this.probeServer(client);
    } else {
      this.answersWhenWatched = this.answers;
    }
  }

  /** Over a connection of its own: one with many calls in flight may not be read any further. */
  private async probeServer(suspect: RpcClient): Promise<void> {
    const probe = this.newClient();
    this.probe = probe;
    try {
      await probe.call(KV_NULL, undefined, { timeoutMs: PROBE_TIMEOUT_MS });
    } catch (error) {
      // Any other failure is something that this client's own connection will meet with too, if it is serious.
      if (error instanceof RpcTimeoutError && this.client === suspect) this.giveUpConnection();
    } finally {
      this.probe = undefined;
      probe.close();
    }
  }
}
