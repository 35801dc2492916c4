import type { KvPair } from "../../kv/client/results.ts";
import { formatData, jsonData } from "./data-text.ts";
import type { Table } from "./table.ts";

const WIDEST = 60;

/** A pair as a JSON object. */
export function pairJson(pair: KvPair, isHex: boolean): Record<string, unknown> {
  const { createRevision, modRevision, keyVersion } = pair;
  const data = { ...jsonData("key", pair.key, isHex), ...jsonData("value", pair.value, isHex) };
  return { ...data, createRevision, modRevision, keyVersion };
}

/** Pairs as a table; long values are shortened. */
export function pairTable(pairs: readonly KvPair[], isHex: boolean): Table {
  return {
    titles: ["KEY", "VALUE", ">REVISION", ">CREATED", ">VERSION"],
    rows: pairs.map((pair) => [
      formatData(pair.key, isHex),
      shortened(formatData(pair.value, isHex)),
      String(pair.modRevision),
      String(pair.createRevision),
      String(pair.keyVersion),
    ]),
  };
}

function shortened(text: string): string {
  return text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text;
}
