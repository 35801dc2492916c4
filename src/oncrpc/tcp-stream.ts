import { connect, type Socket } from "node:net";
import { formatAddress, type HostPort } from "./address.ts";
import type { ByteStream, ByteStreamReceiver, ClientTransport } from "./byte-stream.ts";

/** After so long without traffic the kernel asks whether the other machine is still there. */
const KEEP_ALIVE_DELAY_MS = 30_000;

/** A {@link ByteStream} over a connected TCP socket. */
export class TcpStream implements ByteStream {
  readonly peer: string;
  private readonly socket: Socket;
  private receiver: ByteStreamReceiver | undefined;
  private keepsBytes = false;
  private error: Error | undefined;
  /** One function for all writes, instead of one for each. */
  private readonly afterWrite: (error?: Error | null) => void = (error) => this.written(error);

  constructor(socket: Socket) {
    this.socket = socket;
    this.peer = formatAddress(plainIp(socket.remoteAddress ?? "unknown"), socket.remotePort ?? 0);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    socket.on("error", (error) => {
      this.error ??= error;
    });
  }

  start(receiver: ByteStreamReceiver): void {
    this.receiver = receiver;
    this.socket.on("data", (chunk: Buffer) => receiver.onData(chunk));
    this.socket.on("end", () => receiver.onEnd());
    this.socket.on("close", () => receiver.onClose(this.error));
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    socket.write(bytes, this.afterWrite);
    // Zero means that the kernel took all of it within the call, which is nearly always so; or that it failed, and
    // the end of the stream is about to be told.
    this.keepsBytes = socket.writableLength > 0 || socket.errored !== null || socket.destroyed;
    return !this.keepsBytes;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private written(error: Error | null | undefined): void {
    // A failed write is followed by "error" and "close".
    if (error || !this.keepsBytes || this.socket.writableLength > 0) return;
    this.keepsBytes = false;
    this.receiver?.onDrain();
  }
}

/**
 * `localhost` is these and nothing else (RFC 6761 §6.3). Asking the system for them, as for any other name, takes a
 * tenth of what a one-shot `kv_client get` takes.
 */
const LOCALHOST = ["127.0.0.1", "::1"];

/** Reaches a server over TCP. A name that has several addresses is tried at all of them. */
export function tcpTransport(server: HostPort): ClientTransport {
  return {
    target: formatAddress(server.host, server.port),
    connect: (signal) => connectTcp(server, signal),
  };
}

async function connectTcp({ host, port }: HostPort, signal: AbortSignal): Promise<ByteStream> {
  if (host !== "localhost") return connectTo(host, port, signal);
  const [first, second] = LOCALHOST as [string, string];
  try {
    return await connectTo(first, port, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    // Nobody is there by the second address either: the first one's error tells as much.
    return connectTo(second, port, signal).catch(() => Promise.reject(error));
  }
}

function connectTo(host: string, port: number, signal: AbortSignal): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true });
    const giveUp = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", giveUp);
      reject(error);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    socket.once("error", fail);
    socket.once("connect", () => {
      signal.removeEventListener("abort", giveUp);
      socket.off("error", fail);
      resolve(new TcpStream(socket));
    });
  });
}

/** A dual-stack socket shows IPv4 peers as `::ffff:10.0.0.7`. */
function plainIp(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
