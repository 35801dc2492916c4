import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { RaftModule } from "./raft-module.ts";

/** A small change of `src/raft` that makes it wrong. */
export interface PlantedBug {
  readonly name: string;
  /** `random` for random runs, or the name of a test file in `test/raft`. */
  readonly caughtBy: string;
  readonly file: string;
  /** Must stand in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** A copy of `src/raft` and its tests with a bug in it. */
export class BuggyCopy {
  private readonly directory: string;

  constructor(bug: PlantedBug) {
    this.directory = mkdtempSync(join(tmpdir(), "planted-bug-"));
    for (const part of ["src/raft", "test/raft", "package.json", "tsconfig.json"]) {
      cpSync(join(ROOT, part), join(this.directory, part), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.directory, "node_modules"));
    const path = join(this.directory, "src/raft", bug.file);
    const parts = readFileSync(path, "utf8").split(bug.find);
    if (parts.length !== 2) {
      throw new Error(`"${bug.find}" stands ${parts.length - 1} times in ${bug.file}, not once`);
    }
    writeFileSync(path, parts.join(bug.replace));
  }

  async module(): Promise<RaftModule> {
    const index = join(this.directory, "src/raft/index.ts");
    return (await import(pathToFileURL(index).href)) as RaftModule;
  }

  /** Runs one of the copied test files. Returns how many of its tests failed. */
  failures(testFile: string): number {
    const path = join(this.directory, "test/raft", `${testFile}.test.ts`);
    const { stdout } = spawnSync(process.execPath, ["--import", "tsx", path], {
      cwd: this.directory,
      encoding: "utf8",
    });
    const [total, passed] = ["Total", "Passed"].map(
      (label) => new RegExp(`${label}: +(\\d+)`).exec(stdout)?.[1],
    );
    if (total === undefined || passed === undefined) throw new Error(`${testFile} did not run to its end`);
    return Number(total) - Number(passed);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}
