import {
  type ByteStream,
  type MemoryStreamOptions,
  memoryStreamPair,
  RecordReader,
} from "../../src/oncrpc/index.ts";
import { until } from "./until.ts";

/** One end of an in-memory connection in the hands of a test; the other end is `far`, for a server or client. */
export class MemoryPeer {
  /** To be handed to what is tested. */
  readonly far: ByteStream;
  /** What was received, as messages without their record headers. */
  readonly messages: Uint8Array[] = [];
  /** How many bytes each write at the far end had. */
  readonly writes: number[] = [];
  ended = false;
  closed = false;
  private readonly near: ByteStream;

  constructor(options?: MemoryStreamOptions) {
    const [near, far] = memoryStreamPair(options);
    this.near = near;
    this.far = {
      peer: far.peer,
      start: (receiver) => far.start(receiver),
      write: (data) => {
        this.writes.push(data.length);
        return far.write(data);
      },
      pause: () => far.pause(),
      resume: () => far.resume(),
      end: () => far.end(),
      destroy: () => far.destroy(),
    };
    const reader = new RecordReader();
    near.start({
      onData: (chunk) => this.messages.push(...reader.push(chunk)),
      onDrain: () => {},
      onEnd: () => {
        this.ended = true;
      },
      onClose: () => {
        this.closed = true;
      },
    });
  }

  send(data: Uint8Array): void {
    this.near.write(data);
  }

  end(): void {
    this.near.end();
  }

  destroy(): void {
    this.near.destroy();
  }

  async receive(count: number): Promise<Uint8Array[]> {
    await until(() => this.messages.length >= count, `${count} messages came`);
    return this.messages;
  }
}
