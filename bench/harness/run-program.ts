import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Workspace } from "./workspace.ts";

export interface ProgramOptions {
  readonly cwd?: string;
  /** Added to the environment of the harness. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end.
 * @returns what it printed on stdout
 * @throws Error with what it printed on stderr when its exit code is not 0
 */
export async function runProgram(
  workspace: Workspace,
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const child = workspace.adopt(
    spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
    }),
  );
  const ended = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const [stdout, stderr, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (end === "exit code 0") return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${end}\n${(stderr || stdout).trimEnd()}`);
}

/** Runs a program that prints one JSON value. The caller says what it is; the harness comes with all of them. */
export async function runForJson<T>(
  workspace: Workspace,
  command: string,
  args: readonly string[],
  options?: ProgramOptions,
): Promise<T> {
  const output = await runProgram(workspace, command, args, options);
  try {
    return JSON.parse(output) as T;
  } catch {
    throw new Error(`${command} ${args.join(" ")}: not JSON:\n${output}`);
  }
}
