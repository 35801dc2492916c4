import { formatAddress, type HostPort } from "../../oncrpc/address.ts";
import type { ClientTransport } from "../../oncrpc/byte-stream.ts";
import { RpcClient } from "../../oncrpc/client.ts";

/** How to reach a server; TCP, unless told otherwise. */
export type TransportFactory = (server: HostPort) => ClientTransport;

/** Between rounds over all servers a call waits by itself, so connections need not be held back for long. */
const RECONNECT_BACKOFF = { minMs: 10, maxMs: 100 };

/** One server of the cluster, and the connection to it. */
export class Endpoint {
  /** `host:port` */
  readonly address: string;
  /** Calls that came back from it. */
  answers = 0;
  private readonly server: HostPort;
  private readonly transport: TransportFactory;
  private readonly connectTimeoutMs: number;
  private client: RpcClient | undefined;

  constructor(server: HostPort, transport: TransportFactory, connectTimeoutMs: number) {
    this.address = formatAddress(server.host, server.port);
    this.server = server;
    this.transport = transport;
    this.connectTimeoutMs = connectTimeoutMs;
  }

  /** The client of the server; its connection is made with its first call. */
  get rpc(): RpcClient {
    this.client ??= new RpcClient(this.transport(this.server), {
      connectTimeoutMs: this.connectTimeoutMs,
      backoff: RECONNECT_BACKOFF,
    });
    return this.client;
  }

  /**
   * A call over `rpc` timed out that began when there were `answersBefore`. If nothing has come back since, the
   * connection may lead nowhere, and TCP would take a quarter of an hour to notice: the next call gets a new one.
   * Calls in flight on the old one fail with `CLIENT_CLOSED`.
   */
  timedOut(rpc: RpcClient, answersBefore: number): void {
    if (this.answers !== answersBefore || this.client !== rpc) return;
    this.client = undefined;
    rpc.close();
  }

  close(): void {
    this.client?.close();
  }
}
