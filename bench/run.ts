/**
 * The benchmarks: `npm run bench [-- codec|rpc|cluster|startup|failover …] [--quick]`.
 *
 * Each part compares Sundial with peers that run beside it, in turns. The result is one table of ratios, and a
 * JSON file in bench/results/. Exits 1 when a part could not be measured, never because a figure is short.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cluster } from "./cluster.ts";
import { codec } from "./codec.ts";
import { failover } from "./failover.ts";
import { judge, type Result } from "./harness/comparison.ts";
import { describeMachine } from "./harness/machine.ts";
import type { Part, PartContext } from "./harness/part.ts";
import { formatTable } from "./harness/table.ts";
import { ROOT } from "./harness/workers.ts";
import { Workspace } from "./harness/workspace.ts";
import { rpc } from "./rpc.ts";
import { startup } from "./startup.ts";

const PARTS: readonly Part[] = [codec, rpc, cluster, startup, failover];

interface Report {
  readonly results: Result[];
  readonly measured: string[];
  readonly missing: string[];
  readonly failed: string[];
}

async function runParts(parts: readonly Part[], context: PartContext): Promise<Report> {
  const report: Report = { results: [], measured: describeMachine(), missing: [], failed: [] };
  for (const part of parts) {
    try {
      const { comparisons, measured, missing } = await part.run(context);
      report.results.push(...comparisons.map(judge));
      report.measured.push(...measured);
      // Two parts may miss the same peer.
      report.missing.push(...missing.filter((line) => !report.missing.includes(line)));
    } catch (error) {
      report.failed.push(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return report;
}

function print(report: Report, quick: boolean): void {
  if (report.results.length > 0) console.log(`\n${formatTable(report.results)}`);
  console.log(`\nMeasured: ${report.measured.join("\n          ")}`);
  if (quick) console.log("          with --quick: too briefly for the figures to mean anything");
  for (const line of report.missing) console.log(`Missing:  ${line}`);
  for (const line of report.failed) console.log(`Failed:   ${line}`);
}

/** @returns the path of the file */
function save(report: Report, quick: boolean): string {
  const directory = join(ROOT, "bench", "results");
  mkdirSync(directory, { recursive: true });
  const time = new Date().toISOString();
  const path = join(directory, `${time.replaceAll(":", "-")}.json`);
  writeFileSync(path, `${JSON.stringify({ time, quick, ...report }, null, 2)}\n`);
  return path;
}

function pick(names: readonly string[]): readonly Part[] {
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) {
    throw new Error(`no part "${unknown}": there are ${PARTS.map((part) => part.name).join(", ")}`);
  }
  return names.length === 0 ? PARTS : PARTS.filter((part) => names.includes(part.name));
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false } },
  });
  const parts = pick(positionals);
  const workspace = new Workspace();
  process.on("exit", () => workspace.close());
  for (const [signal, exitCode] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    process.on(signal, () => process.exit(exitCode));
  }
  const progress = (text: string): void => console.error(`... ${text}`);
  const report = await runParts(parts, { workspace, quick: values.quick, progress });
  print(report, values.quick);
  console.log(`Saved:    ${save(report, values.quick)}`);
  process.exit(report.failed.length > 0 ? 1 : 0);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
