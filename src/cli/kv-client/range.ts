import type { KvRangeOptions } from "../../kv/client/kv-client.ts";
import type { KvPair, KvRange } from "../../kv/client/results.ts";
import { CommandFailure, ExitCode } from "../exit-codes.ts";
import type { CommandContext } from "./command-context.ts";
import { formatData, jsonData, parseData } from "./data-text.ts";
import { pairJson, pairTable } from "./pair-views.ts";
import { renderTable, type Table } from "./table.ts";

export interface RangeOptions {
  readonly prefix?: string;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly revision?: number;
  readonly serializable?: boolean;
}

export async function range(
  context: CommandContext,
  start: string | undefined,
  end: string | undefined,
  options: RangeOptions,
): Promise<void> {
  const { io, options: global } = context;
  const { prefix, ...reading } = options;
  if (prefix !== undefined && start !== undefined) {
    throw new CommandFailure(ExitCode.USAGE, "give either START and END or --prefix, not both");
  }
  const bounds = {
    ...(start !== undefined && { start: parseData(start, global.hex) }),
    ...(end !== undefined && { end: parseData(end, global.hex) }),
    ...(prefix !== undefined && { prefix: parseData(prefix, global.hex) }),
  };
  const asked: KvRangeOptions = { ...reading, ...bounds };
  const pages = context.connect().pages(asked);
  const keysOnly = options.keysOnly === true;
  if (global.output === "table") {
    const pairs: KvPair[] = [];
    for await (const page of pages) pairs.push(...page.pairs);
    await io.stdout.write(renderTable(tableOf(pairs, global.hex, keysOnly)));
    return;
  }
  const text = global.output === "json" ? jsonText : lineText;
  for await (const piece of text(pages, global.hex, keysOnly)) await io.stdout.write(piece);
}

/** A line a pair: the key, a tab, and the value. */
async function* lineText(
  pages: AsyncIterable<KvRange>,
  hex: boolean,
  keysOnly: boolean,
): AsyncGenerator<string> {
  const line = ({ key, value }: KvPair): string =>
    keysOnly ? `${formatData(key, hex)}\n` : `${formatData(key, hex)}\t${formatData(value, hex)}\n`;
  for await (const { pairs } of pages) yield pairs.map(line).join("");
}

/** One JSON object, written page by page, so that a store of any size can go through. */
async function* jsonText(
  pages: AsyncIterable<KvRange>,
  hex: boolean,
  keysOnly: boolean,
): AsyncGenerator<string> {
  const json = (pair: KvPair): string =>
    JSON.stringify(keysOnly ? jsonData("key", pair.key, hex) : pairJson(pair, hex));
  let head = true;
  let separator = "";
  let hasMore = false;
  for await (const { pairs, more, revision } of pages) {
    if (head) yield `{"revision":${revision},"pairs":[`;
    head = false;
    if (pairs.length > 0) yield `${separator}${pairs.map(json).join(",\n")}`;
    if (pairs.length > 0) separator = ",\n";
    hasMore = more;
  }
  yield `],"more":${hasMore}}\n`;
}

function tableOf(pairs: readonly KvPair[], hex: boolean, keysOnly: boolean): Table {
  if (!keysOnly) return pairTable(pairs, hex);
  return { titles: ["KEY"], rows: pairs.map(({ key }) => [formatData(key, hex)]) };
}
