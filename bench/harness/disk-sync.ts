import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { median } from "./median.ts";
import type { Workspace } from "./workspace.ts";

const WRITES = 200;
const WRITE_BYTES = 4096;

/** What an append of 4 KiB with fdatasync costs on the workspace's disk, in milliseconds: the floor under any put. */
export function diskSyncMs(workspace: Workspace): number {
  const file = openSync(join(workspace.directory, "sync-probe"), "w");
  const block = Buffer.alloc(WRITE_BYTES, 1);
  const times: number[] = [];
  for (let i = 0; i < WRITES; i++) {
    const start = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    times.push(performance.now() - start);
  }
  closeSync(file);
  return median(times)!;
}
