import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./workers.ts";

/** The version of an installed npm package, or undefined when it is not installed. */
export function packageVersion(name: string): string | undefined {
  try {
    const text = readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return undefined;
  }
}
