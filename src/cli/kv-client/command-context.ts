import type { TransportFactory } from "../../kv/client/endpoint.ts";
import { KvClient } from "../../kv/client/kv-client.ts";
import type { CommandIo } from "./command-io.ts";
import type { OutputFormat } from "./output-format.ts";

/** The options that every command has. */
export interface GlobalOptions {
  /** `host:port` each */
  readonly server: readonly string[];
  readonly timeout: number;
  readonly output: OutputFormat;
  readonly hex: boolean;
}

/** What a command works with. */
export interface CommandContext {
  readonly io: CommandIo;
  readonly options: GlobalOptions;
  /** A client of the servers that the user named, or of others. It is closed when the command has ended. */
  connect(servers?: readonly string[]): KvClient;
}

/** Runs a command, and closes its clients however it ends. */
export async function runCommand(
  io: CommandIo,
  options: GlobalOptions,
  transport: TransportFactory | undefined,
  command: (context: CommandContext) => Promise<void>,
): Promise<void> {
  const clients: KvClient[] = [];
  const connect = (servers: readonly string[] = options.server): KvClient => {
    const reach = transport === undefined ? {} : { transport };
    const client = new KvClient({ servers, timeoutMs: options.timeout, ...reach });
    clients.push(client);
    return client;
  };
  try {
    await command({ io, options, connect });
  } finally {
    for (const client of clients) client.close();
  }
}
