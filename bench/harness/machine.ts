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

/** The unit of times in /proc, sysconf(_SC_CLK_TCK): 100 on all Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of utime, stime, cutime and cstime behind the name of the program, see proc(5). */
const TIMES_AT = 11;

/** Processor time of a process with all its threads, and of its children that have ended, in seconds. */
export function cpuSeconds(pid: number | "self"): { readonly own: number; readonly children: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system, childUser, childSystem] = fields.slice(TIMES_AT, TIMES_AT + 4).map(Number);
  return {
    own: (user! + system!) / TICKS_PER_SECOND,
    children: (childUser! + childSystem!) / TICKS_PER_SECOND,
  };
}
