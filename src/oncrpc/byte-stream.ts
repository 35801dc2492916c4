/**
 * What the RPC runtime needs of a connection: bytes in order, both ways. A TCP socket is one (`tcp-stream.ts`),
 * one end of an in-memory pair another (`memory-stream.ts`); the code above cannot tell them apart.
 */
export interface ByteStream {
  /** Where the other end is, for messages and logs, for example `127.0.0.1:40112`. */
  readonly peer: string;

  /** Names the one receiver of what happens on the stream. To be called once, in the turn that made the stream. */
  start(receiver: ByteStreamReceiver): void;

  /**
   * Sends `bytes`.
   *
   * @returns true: they are on their way and `bytes` may be overwritten. False: the stream keeps `bytes`, which
   *   must not change, and wants no further write until {@link ByteStreamReceiver.onDrain}.
   */
  write(bytes: Uint8Array): boolean;

  /** Stops `onData`, so that the peer in the end cannot send more. What already arrived may still follow. */
  pause(): void;
  resume(): void;

  /** Closes after all that was written has been sent. */
  end(): void;

  /** Closes at once; what was not sent yet is lost. */
  destroy(): void;
}

/** Who is told of what happens on a {@link ByteStream}. Never called from within a call of the stream's methods. */
export interface ByteStreamReceiver {
  /** Bytes arrived. They stay as they are: the stream does not reuse their memory. */
  onData(chunk: Uint8Array): void;
  /** The stream has sent what it kept, and takes further writes. */
  onDrain(): void;
  /** The peer will send no more, but may still read. */
  onEnd(): void;
  /** The stream is gone; nothing is called after it. `error` is undefined where both sides just ended. */
  onClose(error: Error | undefined): void;
}

/** How a client gets connections to one server. */
export interface ClientTransport {
  /** What it connects to, for messages, for example `localhost:9001`. */
  readonly target: string;
  /**
   * Makes one connection.
   *
   * @param signal  aborting it gives up
   * @throws Error of the system, with its errno in `code`
   */
  connect(signal: AbortSignal): Promise<ByteStream>;
}
