import type { ByteStream, ByteStreamReceiver, ClientTransport } from "./byte-stream.ts";

export interface MemoryStreamOptions {
  /** How the two ends call each other. Default: `memory`. */
  readonly peer?: string;
  /** Cuts what is written into chunks of at most so many bytes. Default: as written. */
  readonly chunkBytes?: number;
  /** An end that has so many bytes waiting at the other takes no further write. Default: 64 KiB. */
  readonly windowBytes?: number;
}

const DEFAULT_WINDOW_BYTES = 64 * 1024;

/**
 * Two ends of a connection that exists in memory only. What is written at one end arrives at the other in a
 * later turn of the event loop, in order, as on a network; nothing else is left to chance.
 */
export function memoryStreamPair(options: MemoryStreamOptions = {}): [ByteStream, ByteStream] {
  const one = new MemoryStream(options);
  const two = new MemoryStream(options);
  one.connect(two);
  two.connect(one);
  return [one, two];
}

/** Reaches a server in the same process; `accept` is handed the server's end of each connection. */
export function memoryTransport(
  accept: (stream: ByteStream) => void,
  options: MemoryStreamOptions = {},
): ClientTransport {
  return {
    target: options.peer ?? "memory",
    connect: async () => {
      const [near, far] = memoryStreamPair(options);
      accept(far);
      return near;
    },
  };
}

/**
 * One end. Its states: open; ending (`end` was called: what is under way still arrives, then the other end
 * sees `onEnd`); closed (`onClose` was called or is about to be).
 */
class MemoryStream implements ByteStream {
  readonly peer: string;
  private readonly chunkBytes: number;
  private readonly windowBytes: number;
  private other!: MemoryStream;
  private receiver: ByteStreamReceiver | undefined;
  private inbox: Uint8Array[] = [];
  private inboxBytes = 0;
  private paused = false;
  private writerWaits = false;
  private endSent = false;
  private endReceived = false;
  private endDelivered = false;
  private closed = false;
  private deliveryScheduled = false;

  constructor(options: MemoryStreamOptions) {
    this.peer = options.peer ?? "memory";
    this.chunkBytes = options.chunkBytes ?? Number.POSITIVE_INFINITY;
    this.windowBytes = options.windowBytes ?? DEFAULT_WINDOW_BYTES;
  }

  connect(other: MemoryStream): void {
    this.other = other;
  }

  start(receiver: ByteStreamReceiver): void {
    this.receiver = receiver;
    this.scheduleDelivery();
  }

  write(bytes: Uint8Array): boolean {
    if (this.closed || this.endSent) return true;
    this.other.take(bytes);
    this.writerWaits = this.other.inboxBytes > this.windowBytes;
    return !this.writerWaits;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.scheduleDelivery();
  }

  end(): void {
    if (this.closed || this.endSent) return;
    this.endSent = true;
    this.other.endReceived = true;
    this.other.scheduleDelivery();
    this.scheduleDelivery();
  }

  destroy(): void {
    this.close(undefined);
    this.other.close(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  }

  private take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += this.chunkBytes) {
      const chunk = new Uint8Array(bytes.subarray(at, at + this.chunkBytes));
      this.inbox.push(chunk);
      this.inboxBytes += chunk.length;
    }
    this.scheduleDelivery();
  }

  private scheduleDelivery(): void {
    if (this.deliveryScheduled || this.receiver === undefined) return;
    this.deliveryScheduled = true;
    setImmediate(() => {
      this.deliveryScheduled = false;
      this.deliver();
    });
  }

  private deliver(): void {
    while (!this.closed && !this.paused && this.inbox.length > 0) {
      const chunk = this.inbox.shift()!;
      this.inboxBytes -= chunk.length;
      this.receiver!.onData(chunk);
    }
    if (this.closed) return;
    if (!this.paused && this.inbox.length === 0) this.deliverEnd();
    this.other.drain(this.inboxBytes);
  }

  private deliverEnd(): void {
    if (this.endReceived && !this.endDelivered) {
      this.endDelivered = true;
      this.receiver!.onEnd();
    }
    if (this.endDelivered && this.endSent && !this.closed) this.close(undefined);
  }

  private drain(waitingBytes: number): void {
    if (!this.writerWaits || this.closed || waitingBytes > this.windowBytes) return;
    this.writerWaits = false;
    this.receiver?.onDrain();
  }

  private close(error: Error | undefined): void {
    if (this.closed) return;
    this.closed = true;
    this.inbox = [];
    setImmediate(() => this.receiver?.onClose(error));
  }
}
