import type { KvServerReport } from "../../kv/client/results.ts";
import { KvRole } from "../../kv/gen/kv.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import type { Output } from "./command-io.ts";
import { Load, type LoadOperation, type LoadPlan } from "./load.ts";
import { render } from "./output-format.ts";

export interface BenchOptions extends Omit<LoadPlan, "operation"> {
  /** Default: one for each server. */
  readonly connections?: number;
  /** All connections go to the leader, instead of to the servers in turn. */
  readonly targetLeader?: boolean;
}

const PROGRESS_INTERVAL_MS = 1_000;

export async function bench(
  context: CommandContext,
  operation: LoadOperation,
  options: BenchOptions,
): Promise<void> {
  const { io } = context;
  const servers = options.targetLeader === true ? await leaderFirst(context) : context.options.server;
  const connections = Math.min(options.connections ?? context.options.server.length, options.clients);
  const clients = Array.from({ length: connections }, (_, connection) =>
    context.connect(options.targetLeader === true ? servers : rotated(servers, connection)),
  );
  const plan: LoadPlan = { ...options, operation };
  const load = new Load(plan, clients);
  const progress = setInterval(
    () => void io.stderr.write(progressLine(load, plan, io.stderr)),
    PROGRESS_INTERVAL_MS,
  );
  try {
    await load.run();
  } finally {
    clearInterval(progress);
  }
  if (io.stderr.isTerminal) await io.stderr.write("\r\x1b[K");
  await io.stdout.write(await report(context, plan, connections, load));
  if (load.misses > 0) await io.stderr.write(missesLine(load));
  if (load.errors > 0) {
    const stopped = load.finished < plan.total ? `, and stopped after ${load.finished} of ${plan.total}` : "";
    const problem = `${load.errors} calls failed${stopped}; the last one: ${load.problem?.message}`;
    throw new CommandFailure(ExitCode.UNAVAILABLE, problem);
  }
}

function report(context: CommandContext, plan: LoadPlan, connections: number, load: Load): Promise<string> {
  const { latencies } = load;
  const p50Ms = latencies.quantileMs(0.5);
  const p90Ms = latencies.quantileMs(0.9);
  const p99Ms = latencies.quantileMs(0.99);
  const opsPerSecond = Math.round(load.opsPerSecond);
  const errors = load.errors > 0 ? `, ${load.errors} errors` : "";
  const times = `p50 ${msText(p50Ms)}, p99 ${msText(p99Ms)}`;
  return render(context.options.output, {
    simple: () => `${plan.operation} ${plan.clients} clients: ${opsPerSecond} ops/s, ${times}${errors}\n`,
    json: () => ({
      operation: plan.operation,
      clients: plan.clients,
      connections,
      total: plan.total,
      valueSize: plan.valueSize,
      keySpace: plan.keySpace,
      completed: latencies.count,
      errors: load.errors,
      notFound: load.misses,
      seconds: rounded(load.seconds),
      opsPerSecond,
      p50Ms: rounded(p50Ms),
      p90Ms: rounded(p90Ms),
      p99Ms: rounded(p99Ms),
      maxMs: rounded(latencies.maxMs),
    }),
    table: () => ({
      titles: ["OPERATION", ">CLIENTS", ">OPS/S", ">P50", ">P90", ">P99", ">MAX", ">ERRORS"],
      rows: [
        [
          plan.operation,
          String(plan.clients),
          String(opsPerSecond),
          ...[p50Ms, p90Ms, p99Ms, latencies.maxMs].map(msText),
          String(load.errors),
        ],
      ],
    }),
  });
}

function progressLine(load: Load, plan: LoadPlan, stderr: Output): string {
  const percent = ((100 * load.finished) / plan.total).toFixed(0);
  const errors = load.errors > 0 ? `, ${load.errors} errors` : "";
  const text = `${plan.operation}: ${percent} %, ${Math.round(load.opsPerSecond)} ops/s${errors}`;
  return stderr.isTerminal ? `\r\x1b[K${text}` : `${text}\n`;
}

function missesLine(load: Load): string {
  return `kv_client: ${load.misses} of ${load.finished} keys did not exist; "kv_client bench put" writes them\n`;
}

/** The servers with the leader, wherever it is, before all others. */
async function leaderFirst(context: CommandContext): Promise<string[]> {
  const reports = await context.connect().status();
  const leader = leaderAddress(reports);
  if (leader === undefined) {
    throw new CommandFailure(ExitCode.UNAVAILABLE, "no server knows of a leader; kv_client status says more");
  }
  return [leader, ...context.options.server.filter((address) => address !== leader)];
}

function leaderAddress(reports: readonly KvServerReport[]): string | undefined {
  const up = reports.filter((report) => report.up);
  const leading = up.filter(({ status }) => status.role === KvRole.KV_LEADER);
  // One that was cut off may not know yet that it leads no more.
  const latest = leading.sort((a, b) => b.header.term - a.header.term)[0];
  if (latest !== undefined) return latest.address;
  // The leader is none of the servers that the user named, but those know where it is.
  const members = up.flatMap(({ status }) => status.members.filter(({ server }) => server === status.leader));
  return members[0]?.address;
}

function rotated(servers: readonly string[], by: number): string[] {
  const first = by % servers.length;
  return [...servers.slice(first), ...servers.slice(0, first)];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function msText(ms: number): string {
  return `${ms < 1 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
}
