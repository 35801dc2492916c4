import { Argument, Command, CommanderError, Option } from "commander";
import type { TransportFactory } from "../kv/client/endpoint.ts";
import { KV_VALUE_MAX, KV_WAIT_MAX_MS } from "../kv/gen/kv.ts";
import { SOFTWARE } from "../kv/software.ts";
import { CommandFailure, ExitCode } from "./exit-codes.ts";
import type { BenchOptions } from "./kv-client/bench.ts";
import { type CommandContext, type GlobalOptions, runCommand } from "./kv-client/command-context.ts";
import { type CommandIo, processIo } from "./kv-client/command-io.ts";
import type { DelOptions } from "./kv-client/del.ts";
import type { GetOptions } from "./kv-client/get.ts";
import type { LoadOperation } from "./kv-client/load.ts";
import { durationParser, integerParser, parseServers } from "./kv-client/option-values.ts";
import { OUTPUT_FORMATS } from "./kv-client/output-format.ts";
import type { PutOptions } from "./kv-client/put.ts";
import type { RangeOptions } from "./kv-client/range.ts";

/*
 * Most runs of this program do one thing to one key, so start-up is what they cost: each command's file is loaded
 * when the command is run.
 */

/** The servers of `npm start`. */
const DEFAULT_SERVERS = ["localhost:9001", "localhost:9002", "localhost:9003"];
const DEFAULT_TIMEOUT_MS = 5_000;
const TIMEOUT_MAX_MS = 240_000;
const DEFAULT_WAIT_MS = 500;

/** What a program is given instead of the real thing in tests. */
export interface ClientEnvironment {
  readonly io: CommandIo;
  readonly transport?: TransportFactory;
}

/** Runs what a command does, with the options that stand before and after its name. */
type Runner = (command: Command, action: (context: CommandContext) => Promise<void>) => Promise<void>;

/**
 * The command line of `kv_client`. Its `parseAsync` rejects with a `CommandFailure`, with an error that
 * `failureReport` knows, or with commander's own after `--help` and `--version`.
 */
export function buildProgram({ io, transport }: ClientEnvironment): Command {
  const run: Runner = (command, action) => {
    const options = command.optsWithGlobals<Partial<GlobalOptions>>();
    const complete = { ...options, server: options.server ?? DEFAULT_SERVERS } as GlobalOptions;
    return runCommand(io, complete, transport, action);
  };
  const program = new Command("kv_client")
    .description("Reads and writes a Sundial cluster, a replicated key-value store.")
    .version(SOFTWARE, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this text")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: () => {},
    })
    .addHelpText("after", HELP);
  addGlobalOptions(program);
  addPut(program, run);
  addGet(program, run);
  addDel(program, run);
  addRange(program, run);
  addStatus(program, run);
  addBench(program, run);
  for (const command of [program, ...program.commands]) {
    command.exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageFailure(command, error);
    });
  }
  return program;
}

/** Runs one command line. Errors are told to the user here; all that is left for the process is the exit code. */
export async function runClient(
  argv: readonly string[],
  environment: ClientEnvironment = { io: processIo() },
): Promise<ExitCode> {
  try {
    await buildProgram(environment).parseAsync(argv);
    return ExitCode.DONE;
  } catch (error) {
    if (error instanceof CommanderError) return ExitCode.DONE;
    const { failureReport } = await import("./kv-client/failure-report.ts");
    const { exitCode, text } = failureReport(error);
    await environment.io.stderr.write(`kv_client: ${text}\n`);
    return exitCode;
  }
}

function addGlobalOptions(program: Command): void {
  program
    .addOption(
      new Option(
        "--server <host:port,...>",
        `servers of the cluster, some or all (default: ${DEFAULT_SERVERS.join(",")})`,
      )
        .argParser(parseServers)
        .env("SUNDIAL_SERVERS"),
    )
    .addOption(
      new Option("--timeout <time>", "how long to try, such as 500ms or 5s")
        .argParser(durationParser(1, TIMEOUT_MAX_MS))
        .default(DEFAULT_TIMEOUT_MS, "5s"),
    )
    .addOption(
      new Option("--output <format>", "how results are printed").choices(OUTPUT_FORMATS).default("simple"),
    )
    .option("--hex", "keys and values are hex, in and out", false);
}

function addPut(program: Command, run: Runner): void {
  program
    .command("put <key> <value>")
    .description("Set a key to a value, or to standard input where the value is -.")
    .addOption(ifRevisionOption().conflicts("ifAbsent"))
    .option("--if-absent", "only if there is no such key")
    .addOption(
      new Option("--wait <time>", "how long to wait until all servers have it, to say on how many it is")
        .argParser(durationParser(0, KV_WAIT_MAX_MS))
        .default(DEFAULT_WAIT_MS, "500ms"),
    )
    .option("--no-wait", "do not ask on how many servers it is")
    .action(async (key: string, value: string, options: PutOptions, command: Command) => {
      const { put } = await import("./kv-client/put.ts");
      await run(command, (context) => put(context, key, value, options));
    });
}

function addGet(program: Command, run: Runner): void {
  program
    .command("get <key>")
    .description("Print the value of a key as it is, and a newline.")
    .addOption(revisionOption())
    .addOption(serializableOption())
    .option("--metadata", "print its revisions too")
    .option("--raw", "print the bytes of the value and nothing else")
    .action(async (key: string, options: GetOptions, command: Command) => {
      const { get } = await import("./kv-client/get.ts");
      await run(command, (context) => get(context, key, options));
    });
}

function addDel(program: Command, run: Runner): void {
  program
    .command("del <key>")
    .description("Remove a key.")
    .addOption(ifRevisionOption())
    .action(async (key: string, options: DelOptions, command: Command) => {
      const { del } = await import("./kv-client/del.ts");
      await run(command, (context) => del(context, key, options));
    });
}

function addRange(program: Command, run: Runner): void {
  program
    .command("range [start] [end]")
    .description(
      "Print the keys from start up to, without, end, and their values, a line each, with control characters escaped.",
    )
    .option("--prefix <prefix>", "keys that begin so, instead of start and end")
    .option("--limit <number>", "pairs at most", integerParser(1))
    .option("--keys-only", "print no values")
    .addOption(revisionOption())
    .addOption(serializableOption())
    .action(
      async (
        start: string | undefined,
        end: string | undefined,
        options: RangeOptions,
        command: Command,
      ): Promise<void> => {
        const { range } = await import("./kv-client/range.ts");
        await run(command, (context) => range(context, start, end, options));
      },
    );
}

function addStatus(program: Command, run: Runner): void {
  program
    .command("status")
    .description("Print how each of the servers is.")
    .action(async (_options: object, command: Command) => {
      const { status } = await import("./kv-client/status.ts");
      await run(command, status);
    });
}

function addBench(program: Command, run: Runner): void {
  program
    .command("bench")
    .description("Measure how many puts or gets a second the cluster does. It writes to keys bench/...")
    .addArgument(new Argument("<operation>", "what to do").choices(["put", "get"] satisfies LoadOperation[]))
    .option("--clients <number>", "callers at a time", integerParser(1, 100_000), 64)
    .option(
      "--connections <number>",
      "connections they share (default: one to each server)",
      integerParser(1, 1_000),
    )
    .option("--total <number>", "calls in all", integerParser(1), 100_000)
    .option("--value-size <bytes>", "bytes in a value", integerParser(0, KV_VALUE_MAX), 256)
    .option("--key-space <number>", "different keys", integerParser(1, 99_999_999), 10_000)
    .option("--target-leader", "all connections to the leader, not to the servers in turn")
    .action(async (operation: LoadOperation, options: BenchOptions, command: Command) => {
      const { bench } = await import("./kv-client/bench.ts");
      await run(command, (context) => bench(context, operation, options));
    });
}

function ifRevisionOption(): Option {
  const text = "only if this revision last changed the key; 0: only if there is no such key";
  return new Option("--if-revision <revision>", text).argParser(integerParser(0));
}

function revisionOption(): Option {
  return new Option("--revision <revision>", "as the store was then").argParser(integerParser(1));
}

function serializableOption(): Option {
  return new Option("--serializable", "ask one server alone; faster, but it may miss the latest writes");
}

/** One line from what commander has to say. */
function usageFailure(command: Command, error: CommanderError): CommandFailure {
  const name = command.parent === null ? command.name() : `${command.parent.name()} ${command.name()}`;
  if (error.code === "commander.help") return new CommandFailure(ExitCode.USAGE, "name a command, as above");
  const problem = error.message.replace(/^error: /, "").replace(/\s*\n\s*/g, " ");
  const isMistyped = error.code !== "commander.unknownOption" || problem.includes("Did you mean");
  const dash = isMistyped ? "" : "; write -- before a key that begins with a dash";
  return new CommandFailure(ExitCode.USAGE, `${problem} (${name} --help shows what can be given${dash})`);
}

const HELP = `
Examples:
  kv_client put mykey "Hello World"
  kv_client get mykey
  kv_client put photo - < photo.jpg       a value from standard input, as it is
  kv_client get photo --raw > photo.jpg
  kv_client range --prefix user/ --output json
  kv_client --server=db1:9001,db2:9001 status

Options may stand before the command or behind it. Write -- before a key that begins with a dash.

Exit codes: 0 done; 1 no such key, or a condition that does not hold; 2 wrong usage; 3 no server, no majority, or no
answer in time (the text says so where a write may have been applied); 4 refused: too large, or invalid; 70 a fault in
kv_client itself; 74 the output could not be written.`;
