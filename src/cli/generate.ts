/**
 * `npm run generate`: compiles the contracts in `idl/` to the `gen/` directories of the modules that use them.
 * `--check` writes nothing and exits 1 when a file on the disk is not what would be written.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile, RpcgenError, Source } from "../rpcgen/index.ts";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Our own contracts keep 64-bit numbers below 2^53, because BigInt costs more than all the rest of a decode. */
const OPTIONS = {
  hyper: "number",
  importXdr: "../../xdr/index.ts",
  importOncrpc: "../../oncrpc/procedure.ts",
} as const;

const CONTRACTS = [
  { idl: "idl/rpc.x", output: "src/oncrpc/gen/rpc.ts" },
  { idl: "idl/kv.x", output: "src/kv/gen/kv.ts" },
  { idl: "idl/raft.x", output: "src/kv/gen/raft.ts" },
  { idl: "idl/log.x", output: "src/kv/gen/log.ts" },
  { idl: "idl/store.x", output: "src/kv/gen/store.ts" },
] as const;

/** @returns whether the file on the disk was, or with `check` is, what it must be */
function generate(idl: string, output: string, check: boolean): boolean {
  const generated = compile(new Source(readFileSync(join(ROOT, idl), "utf8"), idl), OPTIONS);
  const path = join(ROOT, output);
  const isCurrent = existsSync(path) && readFileSync(path, "utf8") === generated;
  if (isCurrent) return true;
  if (check) {
    console.error(`${output} is not what ${idl} compiles to: run "npm run generate"`);
    return false;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, generated);
  console.log(`${output} written`);
  return true;
}

function main(args: readonly string[]): number {
  const check = args.includes("--check");
  let exitCode = 0;
  for (const { idl, output } of CONTRACTS) {
    try {
      if (!generate(idl, output, check)) exitCode = 1;
    } catch (error) {
      if (!(error instanceof RpcgenError)) throw error;
      console.error(error.message);
      exitCode = 1;
    }
  }
  return exitCode;
}

process.exitCode = main(process.argv.slice(2));
