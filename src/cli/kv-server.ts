import { Command, CommanderError, InvalidArgumentError } from "commander";
import { KV_VALUE_MAX } from "../kv/gen/kv.ts";
import { type PeerList, parsePeerList } from "../kv/peer-list.ts";
import { KvServer, type KvServerOptions } from "../kv/server.ts";
import { KvServerError, type KvServerErrorCode, toServerError } from "../kv/server-error.ts";
import type { ServerEvent } from "../kv/server-events.ts";
import { SOFTWARE } from "../kv/software.ts";
import { formatAddress, parseAddress, RpcAddressError } from "../oncrpc/index.ts";
import { describeEvent } from "./server-event-text.ts";

/** Exit codes of `kv_server`; `docs/operations.md` lists them for operators. */
export const SERVER_EXIT_CODES: Readonly<Record<KvServerErrorCode, number>> = {
  INTERNAL: 1,
  USAGE: 2,
  CANNOT_LISTEN: 3,
  DISAGREEMENT: 4,
  IN_USE: 5,
  DAMAGED: 6,
  DISK_FAILED: 7,
};

/** What comes in one answer to KV_RANGE, well below the limit of a record. */
const RANGE_BYTES = 1 << 20;
const CONNECTIONS_MAX = 65_535;

interface Flags {
  readonly id: number;
  readonly port: number;
  readonly peers: string;
  readonly host: string;
  readonly advertise?: string;
  readonly dataDir?: string;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxValueBytes: number;
  readonly insecure?: true;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

/** @param start  called with the checked flags */
export function buildServerProgram(
  start: (options: Omit<KvServerOptions, "onEvent">) => Promise<void>,
): Command {
  return new Command("kv_server")
    .description("One server of a replicated key-value store that speaks ONC RPC (see idl/kv.x).")
    .version(SOFTWARE)
    .requiredOption(
      "--id <number>",
      "id of this server, different from all others of the cluster",
      wholeNumber(1, 999_999_999),
    )
    .requiredOption(
      "--port <number>",
      "TCP port for clients and for the other servers",
      wholeNumber(1, 65_535),
    )
    .option(
      "--peers <list>",
      "the other servers: host:port,… or id@host:port,…; without it, a cluster of one",
      "",
    )
    .option("--host <address>", "address to listen on", "localhost")
    .option("--advertise <host:port>", "where the other servers reach this one (default: --host and --port)")
    .option("--data-dir <directory>", "where its data are kept (default: ./kv_data/server-<id>)")
    .option(
      "--heartbeat-ms <number>",
      "how often the leader tells that it lives",
      wholeNumber(10, 60_000),
      100,
    )
    .option(
      "--election-timeout-ms <number>",
      "how long a leader may be silent",
      wholeNumber(50, 600_000),
      1_000,
    )
    .option(
      "--request-timeout-ms <number>",
      "in which time a client gets an answer",
      wholeNumber(10, 600_000),
      3_000,
    )
    .option(
      "--max-connections <number>",
      "client and server connections at a time",
      wholeNumber(1, CONNECTIONS_MAX),
      4_096,
    )
    .option("--max-value-bytes <number>", "bytes in a value", wholeNumber(1, KV_VALUE_MAX), KV_VALUE_MAX)
    .option("--insecure", "listen on an address that others can reach, without TLS")
    .addHelpText("after", HELP)
    .allowExcessArguments(false)
    .configureOutput({ outputError: () => {} })
    .action((flags: Flags) => start(toOptions(flags)));
}

const HELP = `
Three servers on one machine:
  kv_server --id=1 --port=9001 --peers=localhost:9002,localhost:9003
  kv_server --id=2 --port=9002 --peers=localhost:9001,localhost:9003
  kv_server --id=3 --port=9003 --peers=localhost:9001,localhost:9002

Exit codes: 0 stopped by SIGTERM or SIGINT; 1 internal error; 2 usage; 3 cannot listen; 4 the servers disagree on
who the members are; 5 the data directory is in use; 6 it is damaged; 7 the disk failed.`;

/** @throws KvServerError `USAGE` */
function toOptions(flags: Flags): Omit<KvServerOptions, "onEvent"> {
  const { id, port, host, heartbeatMs, electionTimeoutMs, requestTimeoutMs } = flags;
  if (electionTimeoutMs < 2 * heartbeatMs) {
    throw new KvServerError(
      "USAGE",
      `--election-timeout-ms=${electionTimeoutMs} must be at least twice --heartbeat-ms=${heartbeatMs}`,
    );
  }
  if (host === "") throw new KvServerError("USAGE", "--host is empty");
  const isLoopback = isLoopbackHost(host);
  if (!isLoopback && flags.insecure !== true) {
    throw new KvServerError(
      "USAGE",
      `--host=${host} can be reached from outside, and nothing is encrypted or authenticated; add --insecure if that is meant`,
    );
  }
  if (flags.dataDir === "") throw new KvServerError("USAGE", "--data-dir is empty");
  const advertise = advertised(flags);
  const peers = parsePeerList(flags.peers);
  requireOthers(peers, id, advertise);
  return {
    id,
    host: host === "localhost" ? "127.0.0.1" : host,
    port,
    advertise,
    peers,
    dataDir: flags.dataDir ?? `kv_data/server-${id}`,
    heartbeatMs,
    electionTimeoutMs,
    requestTimeoutMs,
    connectionsLimit: flags.maxConnections,
    limits: { valueBytes: flags.maxValueBytes, rangeBytes: RANGE_BYTES },
  };
}

function advertised({ advertise, host, port }: Flags): string {
  if (advertise === undefined) {
    if (host !== "0.0.0.0" && host !== "::") return formatAddress(host, port);
    throw new KvServerError(
      "USAGE",
      `--host=${host} is no address to be reached at; add --advertise=<host:port>`,
    );
  }
  try {
    const address = parseAddress(advertise);
    if (address.port !== 0) return formatAddress(address.host, address.port);
  } catch (error) {
    if (!(error instanceof RpcAddressError)) throw error;
    throw new KvServerError("USAGE", `--advertise: ${error.message}`);
  }
  throw new KvServerError("USAGE", `--advertise: address "${advertise}": port 0 cannot be reached`);
}

/** A server counts itself among the members anyway. */
function requireOthers(peers: PeerList, id: number, address: string): void {
  const addresses = peers.kind === "addresses" ? peers.addresses : peers.members.map((one) => one.address);
  if (addresses.includes(address)) {
    throw new KvServerError("USAGE", `--peers: ${address} is this server itself; name only the others`);
  }
  if (peers.kind === "members" && peers.members.some((one) => one.server === id)) {
    throw new KvServerError(
      "USAGE",
      `--peers: ${id} is the --id of this server itself; name only the others`,
    );
  }
}

function isLoopbackHost(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Runs a server until it is told to stop; sets the exit code of the process. */
export async function runServer(argv: readonly string[]): Promise<void> {
  const program = buildServerProgram((options) => serve(options)).exitOverride();
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return;
    exitWith(error instanceof CommanderError ? usageError(error) : toServerError(error, "kv_server"));
  }
}

/** One line from what commander has to say. */
function usageError(error: CommanderError): KvServerError {
  const problem = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  return new KvServerError("USAGE", `${problem} (kv_server --help shows what can be given)`);
}

async function serve(options: Omit<KvServerOptions, "onEvent">): Promise<void> {
  const say = (text: string): void => {
    process.stderr.write(`server ${options.id}: ${text}\n`);
  };
  // Who read the messages may have gone; that is no reason to stop.
  process.stderr.on("error", () => {});
  const fail = (error: unknown): never => exitWith(toServerError(error, options.dataDir), options.id);
  const onEvent = (event: ServerEvent): void => {
    if (event.kind === "failed") fail(event.error);
    else say(describeEvent(event));
  };
  let server: KvServer | undefined;
  let isStopping = false;
  // A terminal, npm and a parent process may each pass on the same Ctrl-C.
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    say(`stopping on ${signal}`);
    // One that is not up yet has nothing to hand over, and is at most interrupted in reading.
    await server?.stop().catch(fail);
    say("stopped");
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  server = await KvServer.start({ ...options, onEvent }).catch(fail);
}

/**
 * Ends the process at once: after a failure nothing may be answered or written any more.
 * @param id  of the server, once the flags have told it: several may share a terminal
 */
function exitWith(error: KvServerError, id?: number): never {
  const who = id === undefined || error.code === "USAGE" ? "kv_server" : `server ${id}`;
  process.stderr.write(`${who}: ${error.message}\n`);
  process.exit(SERVER_EXIT_CODES[error.code]);
}
