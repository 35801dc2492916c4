import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";

/** What has to be installed to build C programs on stock rpcgen, with the Debian package that has it. */
const NEEDED = [
  { command: ["rpcgen", "--version"], debianPackage: "rpcsvc-proto" },
  { command: ["gcc", "--version"], debianPackage: "gcc" },
  { command: ["pkg-config", "--exists", "libtirpc"], debianPackage: "pkg-config libtirpc-dev" },
] as const;

/** The Debian packages without which nothing of this works here; empty when all are installed. */
export function missingCPackages(): string[] {
  return NEEDED.filter(({ command: [program, ...args] }) => !succeeds(program, args)).map(
    ({ debianPackage }) => debianPackage,
  );
}

function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** What rpcgen makes of a `.x` file; all are paths of C files. */
export interface RpcgenOutput {
  readonly header: string;
  /** A routine for each type. */
  readonly xdr: string;
  /** A function for each procedure, for clients. */
  readonly client: string;
  /** A function that decodes a call and hands it to a procedure, for servers. */
  readonly dispatch: string;
}

/**
 * Runs `rpcgen -C`.
 * @throws Error with what rpcgen says
 */
export function rpcgen(idl: string, directory: string): RpcgenOutput {
  // What it makes includes the header by the path of the .x file, so that file has to lie beside it.
  copyFileSync(idl, join(directory, basename(idl)));
  const name = basename(idl, ".x");
  const output = {
    header: join(directory, `${name}.h`),
    xdr: join(directory, `${name}_xdr.c`),
    client: join(directory, `${name}_clnt.c`),
    dispatch: join(directory, `${name}_svc.c`),
  };
  const make = (kind: string, path: string): unknown =>
    run("rpcgen", ["-C", kind, "-o", path, basename(idl)], directory);
  make("-h", output.header);
  make("-c", output.xdr);
  make("-l", output.client);
  make("-m", output.dispatch);
  return output;
}

/**
 * Compiles what rpcgen made, to an object file each. Without warnings: rpcgen leaves variables unused.
 * @returns the object files
 */
export function compileGenerated(
  sources: readonly string[],
  directory: string,
  optimization: "-O0" | "-O2" = "-O2",
): string[] {
  return sources.map((source) => {
    const object = join(directory, `${basename(source, ".c")}.o`);
    run(
      "gcc",
      ["-c", optimization, "-w", ...libtirpc("--cflags"), `-I${directory}`, source, "-o", object],
      directory,
    );
    return object;
  });
}

/**
 * Compiles a program of ours, with all warnings as errors, and links it with object files and libtirpc.
 * @returns its path
 */
export function compileProgram(source: string, objects: readonly string[], directory: string): string {
  const program = join(directory, basename(source, ".c"));
  const strict = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"];
  const flags = [...strict, ...libtirpc("--cflags"), `-I${directory}`];
  run("gcc", [...flags, source, ...objects, "-o", program, ...libtirpc("--libs")], directory);
  return program;
}

function libtirpc(what: "--cflags" | "--libs"): string[] {
  return run("pkg-config", [what, "libtirpc"]).trim().split(/\s+/);
}

function run(program: string, args: readonly string[], cwd?: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
