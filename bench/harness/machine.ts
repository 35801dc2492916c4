import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** What the figures were taken on, a line each. */
export function describeMachine(): string[] {
  const memoryGib = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} cores of ${cpus()[0]?.model ?? "an unknown processor"}, ${memoryGib} GiB`,
    `Linux ${release()}, Node ${process.version}`,
  ];
}

/** The most memory that a process has ever held, in bytes (VmHWM of proc(5)). */
export function peakMemoryBytes(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (found === null) throw new Error(`process ${pid}: no VmHWM`);
  return Number(found[1]) * 1024;
}
