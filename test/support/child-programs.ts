import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const KV_SERVER: string = join(ROOT, "bin", "kv_server");
export const KV_CLIENT: string = join(ROOT, "bin", "kv_client");

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Outcome extends End {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that was started, and what it has said. */
export interface RunningProgram {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when the process has ended and all its output has been read. */
  readonly ended: Promise<Outcome>;
  stdout(): string;
  stderr(): string;
}

const running = new Set<ChildProcess>();

// What a test leaves running ends with it, also when it throws or calls process.exit.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** setpriv(1) of util-linux: lets the kernel end a program when the one that started it ends, even by kill -9. */
const hasSetpriv = spawnSync("setpriv", ["--pdeathsig", "KILL", "true"]).status === 0;

/** Starts a program that does not outlive this process, however this process ends. */
export function start(command: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const [file, ...args] = hasSetpriv ? ["setpriv", "--pdeathsig", "KILL", "--", ...command] : command;
  const child = spawn(file!, args, {
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: "", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid === undefined) throw new Error(`${command.join(" ")} does not start`);
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.once("exit", () => running.delete(child));
  const ended = new Promise<Outcome>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { pid: child.pid, process: child, ended, stdout: () => stdout, stderr: () => stderr };
}

/** Runs a program to its end. */
export function run(command: readonly string[], options?: ProgramOptions): Promise<Outcome> {
  return start(command, options).ended;
}
