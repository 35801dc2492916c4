import { readFileSync } from "node:fs";

/** The memory that a process holds now, in bytes (VmRSS of proc(5)). */
export function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (found === null) throw new Error(`process ${pid}: no VmRSS`);
  return Number(found[1]) * 1024;
}

/** Files and sockets that a process has open. */
export function openFilesLimit(): number {
  const found = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
  return found === null ? 0 : Number(found[1]);
}
