import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Bytes that went through a proxy in one piece. */
export interface PassedBytes {
  readonly from: "client" | "server";
  readonly bytes: Uint8Array;
}

/** Stands between clients and a server on the loopback address, sees what they say, and can lose it. */
export class TcpProxy {
  /** All that went through, in its order. */
  readonly passed: PassedBytes[] = [];
  readonly host = "127.0.0.1";
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private losesReply = false;

  private constructor(server: Server, targetPort: number) {
    this.server = server;
    server.on("connection", (client) => this.join(client, connect(targetPort, this.host)));
  }

  static async listen(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
    server.listen(0, proxy.host);
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The next bytes of the server do not arrive; instead, all connections end. New ones can be made. */
  loseNextReply(): void {
    this.losesReply = true;
  }

  async close(): Promise<void> {
    this.cut();
    this.server.close();
    await once(this.server, "close");
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private join(client: Socket, server: Socket): void {
    this.pass("client", client, server);
    this.pass("server", server, client);
  }

  private pass(from: PassedBytes["from"], source: Socket, sink: Socket): void {
    this.sockets.add(source);
    source.on("error", () => sink.destroy());
    source.on("data", (bytes) => {
      if (from === "server" && this.losesReply) {
        this.losesReply = false;
        this.cut();
        return;
      }
      this.passed.push({ from, bytes });
      sink.write(bytes);
    });
    source.on("end", () => sink.end());
    source.on("close", () => {
      this.sockets.delete(source);
      sink.destroy();
    });
  }
}
