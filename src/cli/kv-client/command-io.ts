/** Where a command writes to. */
export interface Output {
  readonly isTerminal: boolean;
  /** Resolves when there is room for more. */
  write(data: string | Uint8Array): Promise<void>;
}

/** What a command sees of the process that it runs in; tests have their own. */
export interface CommandIo {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Read only when asked for. */
  readonly stdin: () => AsyncIterable<Uint8Array>;
}

/** The streams of this process. Whoever reads its output may stop reading at any time: that ends it, without a word. */
export function processIo(): CommandIo {
  return {
    stdout: streamOutput(process.stdout),
    stderr: streamOutput(process.stderr),
    stdin: () => process.stdin,
  };
}

function streamOutput(stream: NodeJS.WriteStream): Output {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
  return {
    isTerminal: stream.isTTY === true,
    write: (data) => new Promise((resolve) => stream.write(data, () => resolve())),
  };
}
