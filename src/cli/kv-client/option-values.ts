import { InvalidArgumentError } from "commander";
import { parseAddress } from "../../oncrpc/address.ts";

/*
 * Parsers for the values of options. What they throw is shown to the user behind the name of the option.
 */

/** Addresses with commas between them; from an option that is given more than once, all of them. */
export function parseServers(text: string, before: readonly string[] | undefined): string[] {
  const addresses = text
    .split(",")
    .map((address) => address.trim())
    .filter((address) => address !== "");
  if (addresses.length === 0) throw new InvalidArgumentError("Name a server, as in localhost:9001.");
  for (const address of addresses) {
    if (/\s/.test(address))
      throw new InvalidArgumentError("Write commas between the servers, without spaces.");
    try {
      if (parseAddress(address).port === 0)
        throw new RangeError(`address "${address}": port 0 cannot be reached`);
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
  }
  return [...(before ?? []), ...addresses];
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** A parser of times such as `500ms`, `1.5s` or `2m`, to milliseconds. Only nothing, 0, needs no unit. */
export function durationParser(minMs: number, maxMs: number): (text: string) => number {
  return (text) => {
    const parts = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text === "0" ? "0ms" : text);
    const ms = parts === null ? Number.NaN : Number(parts[1]) * UNIT_MS[parts[2]!]!;
    if (ms >= minMs && ms <= maxMs) return Math.round(ms);
    throw new InvalidArgumentError(
      `Write a time such as 500ms or 5s, from ${durationText(minMs)} to ${durationText(maxMs)}.`,
    );
  };
}

/** A parser of whole numbers from `min` to `max`. */
export function integerParser(min: number, max: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    const limits = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
    throw new InvalidArgumentError(`Write a whole number${limits}.`);
  };
}

function durationText(ms: number): string {
  return ms % 1_000 === 0 && ms > 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
