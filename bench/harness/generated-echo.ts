import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compile, Source } from "../../src/rpcgen/index.ts";
import { ROOT } from "./workers.ts";

const IDL = "bench/peers/libtirpc-echo/echo.x";
const OUTPUT = join(ROOT, "bench", "gen", "echo.ts");

/** Compiles echo.x anew where bench/gen/echo.ts is not what it compiles to, so that both servers serve the same. */
export function generateEcho(): void {
  const source = new Source(readFileSync(join(ROOT, IDL), "utf8"), IDL);
  const text = compile(source, {
    importXdr: "../../src/xdr/index.ts",
    importOncrpc: "../../src/oncrpc/procedure.ts",
  });
  if (existsSync(OUTPUT) && readFileSync(OUTPUT, "utf8") === text) return;
  mkdirSync(dirname(OUTPUT), { recursive: true });
  writeFileSync(OUTPUT, text);
}
