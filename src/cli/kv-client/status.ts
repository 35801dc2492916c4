import type { KvServerReport } from "../../kv/client/results.ts";
import { type KvMember, KvRole } from "../../kv/gen/kv.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import { render } from "./output-format.ts";
import type { Table } from "./table.ts";

type UpReport = Extract<KvServerReport, { up: true }>;

export async function status(context: CommandContext): Promise<void> {
  const { io, options } = context;
  const reports = await context.connect().status();
  const table = (): Table => statusTable(reports);
  const text = await render(options.output === "json" ? "json" : "table", {
    simple: () => "",
    json: () => reports.map(reportJson),
    table,
  });
  await io.stdout.write(text);
  const up = reports.filter((report) => report.up);
  if (up.length === 0) throw new CommandFailure(ExitCode.UNAVAILABLE, "none of the servers answers");
  if (up.every(isUnformed)) {
    const problem =
      "the cluster is not formed yet: for that, all servers that --peers names must run at the same time";
    throw new CommandFailure(ExitCode.UNAVAILABLE, problem);
  }
  if (up.every(({ status }) => status.leader === 0)) {
    throw new CommandFailure(ExitCode.UNAVAILABLE, "no server knows of a leader: is a majority of them up?");
  }
}

function statusTable(reports: readonly KvServerReport[]): Table {
  const columns = ["TERM", "REVISION", "LOG", "APPLIED", "KEYS", "SESSIONS", "MEMORY"];
  const notes = damageNotes(reports);
  return {
    titles: ["SERVER", "ADDRESS", "ROLE", ...columns.map((title) => `>${title}`), "NOTE"],
    rows: reports.map((report) =>
      report.up
        ? upRow(report, notes)
        : ["-", report.address, "down", ...columns.map(() => "-"), report.reason],
    ),
  };
}

function upRow(report: UpReport, damage: ReadonlyMap<KvServerReport, string>): string[] {
  const { address, header, status } = report;
  const notes = [
    ...((status.alarms & ALARM_DISK_FULL) !== 0 ? ["disk full: no writes"] : []),
    ...unreachableNotes(status.members, header.server),
    ...(isUnformed(report) ? ["its cluster is not formed yet"] : []),
    ...(!isUnformed(report) && status.leader === 0 ? ["knows no leader"] : []),
    ...(damage.has(report) ? [damage.get(report)!] : []),
  ];
  return [
    String(header.server),
    address,
    ROLE_NAMES[status.role],
    String(header.term),
    String(header.revision),
    String(status.lastIndex),
    String(status.appliedIndex),
    String(status.keys),
    String(status.sessions),
    megabytes(status.memoryBytes),
    notes.join("; "),
  ];
}

/** Its server belongs to no cluster yet. */
function isUnformed({ header }: UpReport): boolean {
  return header.cluster === 0;
}

function unreachableNotes(members: readonly KvMember[], self: number): string[] {
  const gone = members.filter(({ server, reachable }) => server !== self && !reachable);
  if (gone.length === 0) return [];
  return [`cannot reach ${gone.map(({ server, address }) => `${server} (${address})`).join(", ")}`];
}

/** Servers of one cluster with the same revision hold the same, or one of them is damaged. */
function damageNotes(reports: readonly KvServerReport[]): Map<KvServerReport, string> {
  const notes = new Map<KvServerReport, string>();
  const firsts = new Map<string, UpReport>();
  for (const report of reports) {
    if (!report.up) continue;
    const { cluster, revision } = report.header;
    const first = firsts.get(`${cluster}/${revision}`);
    if (first === undefined) firsts.set(`${cluster}/${revision}`, report);
    else if (first.status.storeHash !== report.status.storeHash) {
      notes.set(report, `STORE DIFFERS from server ${first.header.server}: one of them is damaged`);
    }
  }
  return notes;
}

function reportJson(report: KvServerReport): Record<string, unknown> {
  if (!report.up) return { address: report.address, up: false, reason: report.reason };
  const { address, header, status } = report;
  return { address, up: true, ...header, ...status, role: ROLE_NAMES[status.role] };
}

const ALARM_DISK_FULL = 1;

const ROLE_NAMES: Readonly<Record<KvRole, string>> = {
  [KvRole.KV_FOLLOWER]: "follower",
  [KvRole.KV_CANDIDATE]: "candidate",
  [KvRole.KV_LEADER]: "leader",
};

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
