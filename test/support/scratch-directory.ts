import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of this process's own, gone when it ends. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "sundial-test-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
