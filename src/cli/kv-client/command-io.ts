import { describeSystemError } from "../../oncrpc/system-error.ts";
import { ExitCode } from "../exit-codes.ts";

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

/** The streams of this process. */
export function processIo(): CommandIo {
  return {
    stdout: new StreamOutput(() => process.stdout),
    stderr: new StreamOutput(() => process.stderr),
    stdin: () => process.stdin,
  };
}

/** One of the process's streams, which take a good millisecond each to set up, when it is first used. */
class StreamOutput implements Output {
  private readonly open: () => NodeJS.WriteStream;
  private opened: NodeJS.WriteStream | undefined;

  constructor(open: () => NodeJS.WriteStream) {
    this.open = open;
  }

  get isTerminal(): boolean {
    return this.stream.isTTY === true;
  }

  write(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve) => this.stream.write(data, () => resolve()));
  }

  private get stream(): NodeJS.WriteStream {
    if (this.opened === undefined) {
      this.opened = this.open();
      this.opened.on("error", onOutputError);
    }
    return this.opened;
  }
}

/** Whoever reads the output may stop reading at any time: that ends the program, without a word. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
  process.stderr.write(`kv_client: the output could not be written: ${describeSystemError(error)}\n`);
  process.exit(ExitCode.OUTPUT_FAILED);
}
