import type { Result, Target } from "./comparison.ts";

const HEADINGS = ["benchmark", "unit", "Sundial", "peer", "ratio", "target", ""] as const;
const NUMBER_COLUMNS: ReadonlySet<number> = new Set([2, 3, 4]);

/** The results as one table of text, a line each; it reads as Markdown, too. */
export function formatTable(results: readonly Result[]): string {
  const rows = [[...HEADINGS], ...results.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => align(cell, column, widths)).join(" | ")} |`,
  );
  const rule = widths.map((width, column) => {
    const dashes = "-".repeat(width - 1);
    return NUMBER_COLUMNS.has(column) ? `${dashes}:` : `-${dashes}`;
  });
  lines.splice(1, 0, `| ${rule.join(" | ")} |`);
  return lines.join("\n");
}

function cells(result: Result): string[] {
  const { benchmark, unit, peerName, sundialMedian, peerMedian, ratio, target, verdict } = result;
  const peer = peerMedian === undefined ? "-" : `${peerName} ${formatNumber(peerMedian)}`;
  return [
    benchmark,
    unit,
    sundialMedian === undefined ? "-" : formatNumber(sundialMedian),
    peer,
    ratio === undefined ? "-" : `${formatNumber(ratio)}x`,
    target === undefined ? "" : formatTarget(target, unit),
    verdict,
  ];
}

function formatTarget(target: Target, unit: string): string {
  switch (target.kind) {
    case "atLeast":
      return `>= ${target.ratio}x`;
    case "atMost":
      return `<= ${target.ratio}x`;
    case "within":
      return `<= ${target.value} ${unit}`;
  }
}

/** Three significant digits, and no fewer than the whole part has. */
function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

function align(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column]!;
  return NUMBER_COLUMNS.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
