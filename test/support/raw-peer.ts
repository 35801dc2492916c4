import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { RecordReader } from "../../src/oncrpc/index.ts";
import { concat, words } from "./bytes.ts";
import { until } from "./until.ts";

/** A record of one fragment (RFC 5531 §11) around `message`. */
export function record(message: Uint8Array): Uint8Array {
  return concat(words(0x8000_0000 + message.length), message);
}

/** One end of a TCP connection in the hands of a test: it sends and receives bytes, and knows nothing of RPC. */
export class RawPeer {
  readonly socket: Socket;
  /** All messages that came, without their record headers. */
  readonly messages: Uint8Array[] = [];
  /** How many `data` events they came in. */
  chunks = 0;
  ended = false;
  closed = false;

  constructor(socket: Socket, readAtOnce: boolean = true) {
    this.socket = socket;
    const reader = new RecordReader({ recordLimitBytes: 1 << 30 });
    socket.on("error", () => {});
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("close", () => {
      this.closed = true;
    });
    socket.on("data", (chunk) => {
      this.chunks += 1;
      this.messages.push(...reader.push(chunk));
    });
    if (!readAtOnce) socket.pause();
  }

  static async connect(address: { host: string; port: number }, readAtOnce?: boolean): Promise<RawPeer> {
    const socket = connect({ host: address.host, port: address.port, allowHalfOpen: true });
    await once(socket, "connect");
    return new RawPeer(socket, readAtOnce);
  }

  send(data: Uint8Array): void {
    this.socket.write(data);
  }

  /** Sends one message as a record, and waits for the next message to come back. */
  async exchange(message: Uint8Array): Promise<Uint8Array> {
    const before = this.messages.length;
    this.send(record(message));
    await this.receive(before + 1);
    return this.messages[before]!;
  }

  /** Waits until so many messages have come in all. */
  async receive(count: number): Promise<Uint8Array[]> {
    await until(() => this.messages.length >= count || this.closed || this.ended, `${count} messages came`);
    if (this.messages.length < count) throw new Error(`closed after ${this.messages.length} messages`);
    return this.messages;
  }

  async untilClosed(): Promise<void> {
    await until(() => this.ended || this.closed, "the other side closed the connection");
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A TCP server whose connections are raw peers, for tests of the client. */
export class RawServer {
  readonly peers: RawPeer[] = [];
  readonly host = "127.0.0.1";
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    server.on("connection", (socket) => this.peers.push(new RawPeer(socket)));
  }

  static async listen(port: number = 0): Promise<RawServer> {
    const server = createServer();
    const raw = new RawServer(server);
    server.listen(port, raw.host);
    await once(server, "listening");
    return raw;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return address.port;
  }

  /** Waits for the connection number `index`, counted from 0. */
  async peer(index: number): Promise<RawPeer> {
    await until(() => this.peers.length > index, `connection ${index} was made`);
    return this.peers[index]!;
  }

  async close(): Promise<void> {
    for (const peer of this.peers) peer.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}
