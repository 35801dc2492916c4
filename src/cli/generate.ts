/**
 * `npm run generate`: compiles the contracts in `idl/` to the `gen/` directories of the modules that use them.
 * `--check` writes nothing and exits 1 when a file on the disk is not what would be written.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type CompileOptions, compile, RpcgenError, Source } from "../rpcgen/index.ts";

/** Our own contracts keep 64-bit numbers below 2^53, because BigInt costs more than all the rest of a decode. */
function optionsFor(output: string): CompileOptions {
  const from = dirname(output);
  return {
    hyper: "number",
    importXdr: relative(from, "src/xdr/index.ts"),
    importOncrpc: relative(from, "src/oncrpc/procedure.ts"),
  };
}

/** Which file each contract is compiled to. */
export type Contracts = ReadonlyMap<string, string>;

const CONTRACTS: Contracts = new Map([
  ["idl/rpc.x", "src/oncrpc/gen/rpc.ts"],
  ["idl/kv.x", "src/kv/gen/kv.ts"],
  ["idl/raft.x", "src/kv/gen/raft.ts"],
  ["idl/log.x", "src/kv/gen/log.ts"],
  ["idl/store.x", "src/kv/gen/store.ts"],
  ["bench/peers/libtirpc-echo/echo.x", "bench/gen/echo.ts"],
]);

/**
 * Brings the generated files below `root` up to date, or with `check` only looks.
 * @returns what is wrong, a text each; none when the files are, or are now, what they must be
 */
export function generate(root: string, contracts: Contracts, check: boolean): string[] {
  const problems = readdirSync(join(root, "idl"))
    .map((file) => `idl/${file}`)
    .filter((idl) => !contracts.has(idl))
    .map((idl) => `${idl} is compiled to nothing: give it a row in src/cli/generate.ts`);
  for (const [idl, output] of contracts) {
    try {
      const generated = compile(new Source(readFileSync(join(root, idl), "utf8"), idl), optionsFor(output));
      if (isCurrent(join(root, output), generated)) continue;
      if (check) problems.push(`${output} is not what ${idl} compiles to: run "npm run generate"`);
      else writeGenerated(join(root, output), generated);
    } catch (error) {
      if (!(error instanceof RpcgenError)) throw error;
      problems.push(error.message);
    }
  }
  return problems;
}

function isCurrent(path: string, generated: string): boolean {
  return existsSync(path) && readFileSync(path, "utf8") === generated;
}

function writeGenerated(path: string, generated: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, generated);
  console.log(`${path} written`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
  const problems = generate(root, CONTRACTS, process.argv.includes("--check"));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
