import type { ByteStream, ByteStreamReceiver } from "./byte-stream.ts";
import { CorkedOutput } from "./corked-output.ts";
import { RpcProtocolError } from "./errors.ts";
import { RecordReader, type RecordReaderOptions } from "./record-reader.ts";

/** Who is told what happens on a {@link ClientConnection}. */
export interface ClientConnectionOwner {
  /** @throws RpcProtocolError when the record makes no sense; the connection is then given up */
  onRecord(record: Uint8Array): void;
  /** The connection is of no more use. Called once, unless this side closed it. */
  onLost(cause: Error): void;
}

/** One connection to a server, from when it is made to when it ends: records in, records out. */
export class ClientConnection implements ByteStreamReceiver {
  readonly output: CorkedOutput;
  private readonly stream: ByteStream;
  private readonly reader: RecordReader;
  private readonly owner: ClientConnectionOwner;
  private isOpen = true;
  private heardMs: number = performance.now();

  constructor(stream: ByteStream, options: RecordReaderOptions, owner: ClientConnectionOwner) {
    this.stream = stream;
    this.output = new CorkedOutput(stream);
    this.reader = new RecordReader(options);
    this.owner = owner;
    stream.start(this);
  }

  /** When something last arrived, or else the connection was made; on the clock of `performance.now()`. */
  get lastHeardMs(): number {
    return this.heardMs;
  }

  /** Ends it at once. */
  close(): void {
    this.isOpen = false;
    this.output.close();
    this.stream.destroy();
  }

  /** Ends it at once, and says so to the owner. */
  abandon(cause: Error): void {
    if (!this.isOpen) return;
    this.close();
    this.owner.onLost(cause);
  }

  onData(chunk: Uint8Array): void {
    if (!this.isOpen) return;
    this.heardMs = performance.now();
    try {
      for (const record of this.reader.push(chunk)) this.owner.onRecord(record);
      if (this.reader.failure !== undefined) throw this.reader.failure;
    } catch (error) {
      if (!(error instanceof RpcProtocolError)) throw error;
      this.abandon(error);
    }
  }

  onDrain(): void {
    this.output.drained();
  }

  onEnd(): void {
    // A server that will send no more cannot reply either.
    this.abandon(new Error("closed by the server"));
  }

  onClose(error: Error | undefined): void {
    this.abandon(error ?? new Error("closed by the server"));
  }
}
