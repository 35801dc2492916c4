import type { CommandIo, Output } from "../../src/cli/kv-client/command-io.ts";
import { runClient } from "../../src/cli/kv-client.ts";
import type { FakeCluster } from "./fake-kv-server.ts";

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What went to stdout, as bytes. */
  readonly stdoutBytes: Buffer;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  /** Stdout and stderr are a terminal. */
  readonly isTerminal?: boolean;
}

/** Runs `kv_client` with `args` in this process, against the servers of `cluster`, all of which it is told of. */
export async function runKvClient(
  cluster: FakeCluster,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const stdout = new CapturedOutput(options.isTerminal === true);
  const stderr = new CapturedOutput(options.isTerminal === true);
  const io: CommandIo = { stdout, stderr, stdin: () => oneChunk(Buffer.from(options.stdin ?? "")) };
  const server = args.some((arg) => arg.startsWith("--server"))
    ? []
    : [`--server=${cluster.addresses.join(",")}`];
  const argv = ["node", "kv_client", ...server, ...args];
  const exitCode = await runClient(argv, { io, transport: cluster.transport });
  return { exitCode, stdout: stdout.text, stderr: stderr.text, stdoutBytes: stdout.bytes };
}

class CapturedOutput implements Output {
  readonly isTerminal: boolean;
  private readonly chunks: Buffer[] = [];

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  async write(data: string | Uint8Array): Promise<void> {
    this.chunks.push(Buffer.from(data));
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
