import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let parent: string | undefined;

/** A new directory of this process's own, gone when the process ends. */
export function scratchDirectory(): string {
  if (parent === undefined) {
    const made = mkdtempSync(join(tmpdir(), "sundial-test-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    parent = made;
  }
  return mkdtempSync(join(parent, "scratch-"));
}
