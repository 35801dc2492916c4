import { XdrWriter } from "../xdr/index.ts";
import type { ByteStream } from "./byte-stream.ts";

/** A buffer that one write made larger than this is given up after it. */
const KEPT_BUFFER_BYTES = 256 * 1024;
const NEW_BUFFER_BYTES = 4096;

/**
 * Collects the records of one turn of the event loop, and sends them in one write.
 *
 * While the stream cannot take more, records gather here and leave together when it can.
 */
export class CorkedOutput {
  /** Where records are written. Whoever wrote some calls {@link flush} or {@link scheduleFlush}. */
  readonly writer: XdrWriter = new XdrWriter(NEW_BUFFER_BYTES);
  private readonly stream: ByteStream;
  private keptBytes = 0;
  private closed = false;
  private flushScheduled = false;
  private readonly flushTurn: () => void = () => {
    this.flushScheduled = false;
    this.flush();
  };

  constructor(stream: ByteStream) {
    this.stream = stream;
  }

  /** Bytes written and not yet taken over by the system. */
  get unsentBytes(): number {
    return this.keptBytes + this.writer.position;
  }

  /** The peer reads more slowly than this side writes. */
  get isBlocked(): boolean {
    return this.keptBytes > 0;
  }

  /** Sends what was written when this turn's callbacks and promise reactions have run. */
  scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    process.nextTick(this.flushTurn);
  }

  /** Sends what was written, unless the stream still has some of the last write. */
  flush(): void {
    const writer = this.writer;
    const bytes = writer.position;
    if (bytes === 0 || this.keptBytes > 0 || this.closed) return;
    if (!this.stream.write(writer.view())) {
      this.keptBytes = bytes;
      writer.take(NEW_BUFFER_BYTES);
    } else if (bytes > KEPT_BUFFER_BYTES) {
      writer.take(NEW_BUFFER_BYTES);
    } else {
      writer.truncate(0);
    }
  }

  /** To be called when the stream has drained. */
  drained(): void {
    this.keptBytes = 0;
    this.flush();
  }

  /** Forgets what was not sent, and sends no more. */
  close(): void {
    this.closed = true;
    this.keptBytes = 0;
    this.writer.truncate(0);
  }
}
