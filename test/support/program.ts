import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { until } from "./until.ts";

export interface ProgramResult {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: string | Uint8Array = "",
): Promise<ProgramResult> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const closed = once(child, "close") as Promise<[number | null]>;
  const [stdout, stderr, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { exitCode, stdout, stderr };
}

/** Whether a program can be run; `args` must make it end well. */
export function isInstalled(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A server in a process of its own, which ends with this one at the latest. */
export class ServerProcess {
  private readonly child: ChildProcess;
  private printed = "";
  private ended = false;

  constructor(program: string, args: readonly string[]) {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const collect = (chunk: Buffer): void => {
      this.printed += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    const endWithUs = (): void => void child.kill("SIGKILL");
    process.once("exit", endWithUs);
    child.once("close", () => {
      this.ended = true;
      process.off("exit", endWithUs);
    });
    this.child = child;
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.printed;
  }

  /** Waits for the first match in what it prints. */
  async prints(pattern: RegExp): Promise<string> {
    await until(() => this.ended || pattern.test(this.printed), `the server prints ${pattern}`);
    const match = pattern.exec(this.printed);
    if (match === null) throw new Error(`the server has ended; it said:\n${this.printed}`);
    return match[0];
  }

  async kill(): Promise<void> {
    if (this.ended) return;
    this.child.kill("SIGKILL");
    await until(() => this.ended, "the server has ended");
  }
}
