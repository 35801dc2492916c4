import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a file system kept in memory calls itself, see statfs(2). On one, fdatasync costs nothing. */
const TMPFS_MAGIC = 0x0102_1994;
const STOP_TIMEOUT_MS = 10_000;

/** A server, or another program that runs beside the benchmark. */
export interface Running {
  readonly name: string;
  readonly pid: number;
  /** What it has printed so far. */
  output(): string;
  /** True until the process has ended. */
  isRunning(): boolean;
  /** Sends a signal and waits for the end; a process that does not end on it in time is killed. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Everything that a benchmark leaves behind if nobody cleans up: its processes and its directory.
 *
 * `close` ends and removes all of it. It is also called when the harness is interrupted, hence without waiting.
 */
export class Workspace {
  /** On a real disk, so that fdatasync is one. */
  readonly directory: string;
  private readonly children = new Set<ChildProcess>();
  private logs = 0;

  constructor() {
    const onDisk = statfsSync(tmpdir()).type === TMPFS_MAGIC ? "/var/tmp" : tmpdir();
    this.directory = mkdtempSync(join(onDisk, "sundial-bench-"));
  }

  /** Makes a directory in the workspace. */
  subdirectory(name: string): string {
    const path = join(this.directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  removeSubdirectory(name: string): void {
    rmSync(join(this.directory, name), { recursive: true, force: true });
  }

  /** Starts a program; what it prints goes to a file of the workspace. */
  start(name: string, command: string, args: readonly string[]): Running {
    const logPath = join(this.directory, `${++this.logs}.log`);
    const log = openSync(logPath, "w");
    const child = this.adopt(spawn(command, args, { stdio: ["ignore", log, log], cwd: this.directory }));
    closeSync(log);
    if (child.pid === undefined) throw new Error(`${name}: ${command} does not start`);
    const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
    return {
      name,
      pid: child.pid,
      isRunning,
      output: () => readFileSync(logPath, "utf8"),
      stop: async (signal = "SIGTERM") => {
        if (!isRunning()) return;
        const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
        const ended = once(child, "exit");
        child.kill(signal);
        await ended;
        clearTimeout(timer);
      },
    };
  }

  /** Takes charge of a process: it ends with the workspace at the latest. */
  adopt<T extends ChildProcess>(child: T): T {
    this.children.add(child);
    child.once("exit", () => this.children.delete(child));
    child.once("error", () => this.children.delete(child));
    return child;
  }

  close(): void {
    for (const child of this.children) child.kill("SIGKILL");
    this.children.clear();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}
