import { mkdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { text } from "node:stream/consumers";
import { Command, CommanderError, Option } from "commander";
import { type CompileOptions, compile, RpcgenError, Source } from "../rpcgen/index.ts";

/** What the program reads and writes besides files. */
export interface RpcgenStreams {
  readonly readInput: () => Promise<string>;
  readonly writeOutput: (text: string) => void;
  readonly writeError: (text: string) => void;
}

interface RpcgenFlags {
  readonly output?: string;
  readonly outDir?: string;
  readonly typesOnly?: true;
  readonly client?: true;
  readonly server?: true;
  readonly hyper: "bigint" | "number";
  readonly check?: true;
  readonly importXdr: string;
  readonly importOncrpc: string;
}

/** The options whose value is a name, by the name of their flag: an empty one names nothing. */
const NAMES = {
  output: "--output",
  outDir: "--out-dir",
  importXdr: "--import-xdr",
  importOncrpc: "--import-oncrpc",
} as const;

/** Where the code of one `.x` file goes; undefined: to standard output. */
interface Job {
  readonly input: string;
  readonly output: string | undefined;
}

const STANDARD_INPUT = "-";
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const STDERR = 2;

const HELP = `
Without -o and --out-dir the code of one FILE goes to standard output. By default it has types, codecs,
procedures, clients and what servers need; --client and --server leave the other half away.

Exit status: 0 done, 1 a FILE has errors or --check found a difference, 2 wrong usage, or something cannot be read or
written.

Examples:
  rpcgen-ts nfs.x -o src/nfs.ts
  rpcgen-ts idl/*.x --out-dir src/gen --hyper number
  rpcgen-ts idl/*.x --out-dir src/gen --hyper number --check
`;

const processStreams: RpcgenStreams = {
  readInput: () => text(process.stdin),
  writeOutput: (output) => process.stdout.write(output),
  writeError: (output) => process.stderr.write(output),
};

/** The command line of `rpcgen-ts`. Errors are thrown as CommanderError, when they have been printed. */
export function buildProgram(streams: RpcgenStreams = processStreams): Command {
  return new Command("rpcgen-ts")
    .description("Compiles ONC RPC interface files (.x: RFC 4506, RFC 5531) to TypeScript.")
    .argument("<files...>", "the .x files; - is standard input")
    .option("-o, --output <file>", "write the code of one FILE there")
    .option("--out-dir <dir>", "write the code of each NAME.x to DIR/NAME.ts")
    .addOption(
      new Option("--types-only", "types and codecs only: nothing of programs").conflicts([
        "client",
        "server",
      ]),
    )
    .option("--client", "procedures and client classes only")
    .option("--server", "procedures, handler interfaces and dispatch tables only")
    .addOption(
      new Option("--hyper <type>", "what a 64-bit integer is; numbers are checked to be exact")
        .choices(["bigint", "number"])
        .default("bigint"),
    )
    .option("--check", "write nothing, fail if a file on the disk is not what would be written")
    .option("--import-xdr <module>", "where the code imports the XDR runtime from", "sundial-kv/xdr")
    .option("--import-oncrpc <module>", "where it imports the RPC runtime from", "sundial-kv/oncrpc")
    .version(packageVersion(), "-V, --version")
    .addHelpText("after", HELP)
    .configureOutput({
      writeOut: streams.writeOutput,
      writeErr: streams.writeError,
      outputError: (message, write) => write(usageError(message)),
    })
    .exitOverride()
    .action(async (files: string[], flags: RpcgenFlags, command: Command) => {
      const failed: string[] = [];
      const jobs = jobsOf(files, flags, command);
      for (const { output } of jobs) refuseToOverwrite(files, output, command);
      for (const job of jobs) {
        const problem = await perform(job, flags, streams, command);
        if (problem !== undefined) failed.push(problem);
      }
      if (failed.length > 0) fail(streams, failed.join("\n\n"));
    });
}

/** Runs the program. @returns the exit status */
export async function run(args: readonly string[], streams?: RpcgenStreams): Promise<number> {
  if (streams === undefined) endOnOutputErrors();
  try {
    await buildProgram(streams).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    return error.code === FAILED ? EXIT_FAILED : EXIT_USAGE;
  }
}

const FAILED = "rpcgen-ts.failed";

/** What is wrong with a FILE begins with its name, not with that of the program. */
function fail(streams: RpcgenStreams, message: string): never {
  streams.writeError(`${message}\n`);
  throw new CommanderError(EXIT_FAILED, FAILED, message);
}

/** One line from what commander has to say, or from what it is told to say in its manner. */
function usageError(message: string): string {
  const problem = message.replace(/^error: /, "").trimEnd();
  return `rpcgen-ts: ${problem.replace(/\s*\n\s*/g, " ")}\n`;
}

/**
 * Whoever reads the output may stop reading at any time: that ends the program, without a word. Anything else is said,
 * in the one way that may still work.
 */
function endOnOutputErrors(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    try {
      writeSync(STDERR, `rpcgen-ts: cannot write to standard output: ${reasonOf(error)}\n`);
    } catch {
      // Standard error cannot be written either.
    }
    process.exit(EXIT_USAGE);
  });
}

function jobsOf(files: readonly string[], flags: RpcgenFlags, command: Command): Job[] {
  const { output, outDir, check } = flags;
  const [first, ...others] = files;
  for (const [option, flag] of Object.entries(NAMES)) {
    if (flags[option as keyof typeof NAMES] === "") command.error(`error: ${flag} is empty`);
  }
  if (output !== undefined && outDir !== undefined) command.error("error: --output or --out-dir, not both");
  if (check === true && output === undefined && outDir === undefined) {
    command.error("error: --check needs --output or --out-dir, to know what to compare with");
  }
  if (outDir !== undefined) {
    if (files.includes(STANDARD_INPUT))
      command.error("error: standard input has no name for --out-dir: use -o");
    const jobs = files.map((input) => ({ input, output: join(outDir, `${basename(input, ".x")}.ts`) }));
    const twice = jobs.find((job, index) => jobs.findIndex((other) => other.output === job.output) !== index);
    if (twice !== undefined) command.error(`error: two files would be written to ${twice.output}`);
    return jobs;
  }
  if (first === undefined || others.length > 0) command.error("error: several files need --out-dir");
  return [{ input: first, output }];
}

/** Before anything is written: code in the place of a FILE could not be compiled again. */
function refuseToOverwrite(files: readonly string[], output: string | undefined, command: Command): void {
  if (output === undefined) return;
  const target = fileAt(output);
  const source = files.find((file) => target !== undefined && fileAt(file) === target);
  if (source === undefined) return;
  const same = source === output ? "" : `, which is ${source}`;
  command.error(`error: the code would overwrite its source: ${output}${same}`);
}

/** Tells whether two paths lead to one file, whatever links they go over; undefined where no file is. */
function fileAt(path: string): string | undefined {
  if (path === STANDARD_INPUT) return undefined;
  try {
    const found = statSync(path, { bigint: true });
    return found.isFile() ? `${found.dev}:${found.ino}` : undefined;
  } catch {
    return undefined;
  }
}

/** @returns what is wrong, if the `.x` file has errors or the check finds a difference */
async function perform(
  { input, output }: Job,
  flags: RpcgenFlags,
  streams: RpcgenStreams,
  command: Command,
): Promise<string | undefined> {
  let generated: string;
  try {
    generated = compile(await readSource(input, streams, command), compileOptions(flags));
  } catch (error) {
    if (!(error instanceof RpcgenError)) throw error;
    return error.message;
  }
  if (output === undefined) {
    streams.writeOutput(generated);
  } else if (flags.check !== true) {
    write(output, generated, command);
  } else if (readIfThere(output) !== generated) {
    return `${output} is not what ${input} compiles to`;
  }
  return undefined;
}

function compileOptions(flags: RpcgenFlags): CompileOptions {
  const all = flags.typesOnly !== true && flags.client === undefined && flags.server === undefined;
  const { hyper, importXdr, importOncrpc } = flags;
  return {
    hyper,
    importXdr,
    importOncrpc,
    client: all || flags.client === true,
    server: all || flags.server === true,
  };
}

async function readSource(input: string, streams: RpcgenStreams, command: Command): Promise<Source> {
  if (input === STANDARD_INPUT) return new Source(await streams.readInput(), "<stdin>");
  try {
    // The name goes into the code, so it must not depend on how the path was spelled.
    const name = relative(process.cwd(), input).split(sep).join("/");
    return new Source(readFileSync(input, "utf8"), name);
  } catch (error) {
    return command.error(`error: cannot read ${input}: ${reasonOf(error)}`);
  }
}

function write(output: string, generated: string, command: Command): void {
  try {
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, generated);
  } catch (error) {
    command.error(`error: cannot write ${output}: ${reasonOf(error)}`);
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const isManifest = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isManifest ? String(manifest.version) : "unknown";
}
