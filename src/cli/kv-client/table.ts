/** Rows of text under titles. A title that begins with `>` has its column aligned to the right. */
export interface Table {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const GAP = "  ";

/** @returns lines with columns as wide as they need to be, each line ending with a newline */
export function renderTable({ titles, rows }: Table): string {
  const names = titles.map((title) => title.replace(/^>/, ""));
  const widths = names.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), name.length),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        titles[column]!.startsWith(">") ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join(GAP)
      .trimEnd();
  return `${[names, ...rows].map(line).join("\n")}\n`;
}
