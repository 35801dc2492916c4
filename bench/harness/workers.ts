import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "./run-program.ts";
import type { Workspace } from "./workspace.ts";

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Below node_modules, because compiled code looks for its packages in the directories above it. */
const BUILD_DIRECTORY = join(ROOT, "node_modules", ".cache", "sundial-bench");
/** The compiler, to be run with Node. */
export const TSC: string = join(ROOT, "node_modules", "typescript", "bin", "tsc");

let built: Promise<void> | undefined;

/**
 * Compiles what is measured, once a run, the way the package is compiled for publication.
 *
 * Only the harness itself runs under tsx. tsx calls a helper for each function that code creates, to keep its
 * name; code that creates functions while it is measured would be measured with that helper.
 */
export function buildWorkers(workspace: Workspace): Promise<void> {
  built ??= build(workspace);
  return built;
}

async function build(workspace: Workspace): Promise<void> {
  mkdirSync(BUILD_DIRECTORY, { recursive: true });
  writeFileSync(join(BUILD_DIRECTORY, "package.json"), '{ "type": "module" }\n');
  await runProgram(workspace, process.execPath, [TSC, "-p", join(ROOT, "bench", "tsconfig.json")]);
}

/** The arguments with which Node runs a program of bench/workers. */
export function workerArgs(name: string, args: readonly string[]): string[] {
  return [join(BUILD_DIRECTORY, "bench", "workers", `${name}.js`), ...args];
}
