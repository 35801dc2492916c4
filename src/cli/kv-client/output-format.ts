import type { Table } from "./table.ts";

export const OUTPUT_FORMATS = ["simple", "json", "table"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** One result in each of the formats. */
export interface Views {
  readonly simple: () => string;
  readonly json: () => unknown;
  readonly table: () => Table;
}

/** @returns text that ends with a newline */
export async function render(format: OutputFormat, views: Views): Promise<string> {
  switch (format) {
    case "simple":
      return views.simple();
    case "json":
      return `${JSON.stringify(views.json())}\n`;
    case "table": {
      const { renderTable } = await import("./table.ts");
      return renderTable(views.table());
    }
  }
}
