import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), "../../src");

/** The files that `file` needs at run time, itself included. Imports of types alone need none. */
function needs(file: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, "utf8");
  for (const [, names, path] of text.matchAll(
    /^(?:import|export) (\{[^}]*\}|\*)? ?(?:from )?"(\.[^"]+)";/gms,
  )) {
    const isTypesOnly =
      names?.startsWith("{") &&
      names
        .slice(1, -1)
        .split(",")
        .every((name) => /^\s*(type .*)?$/.test(name));
    if (!isTypesOnly) needs(join(dirname(file), path!), seen);
  }
  return seen;
}

test("the client needs no module of the server, and neither needs `debug` at start", () => {
  const files = [...needs(join(SOURCE, "oncrpc/client.ts")), ...needs(join(SOURCE, "oncrpc/tcp-stream.ts"))];
  const names = new Set(files.map((file) => relative(SOURCE, file)));
  assert.ok(names.has("oncrpc/client-link.ts") && names.has("xdr/reader.ts"), [...names].join(" "));
  for (const name of names) assert.not.match(name, /server|dispatch|listener|call-origin|refusal/);
  const all = needs(join(SOURCE, "oncrpc/index.ts"));
  for (const file of all) assert.not.match(readFileSync(file, "utf8"), /^import .* from "debug"/m);
});

async function run(script: string, env: Record<string, string>): Promise<{ stdout: string; stderr: string }> {
  const args = ["--import", "tsx", "--input-type=module", "--eval", script];
  return promisify(execFile)(process.execPath, args, { cwd: SOURCE, env: { ...process.env, ...env } });
}

const LOG_SOMETHING = `
  import { logFor } from "./oncrpc/log.ts";
  const log = logFor("oncrpc:test");
  log("the answer is %d", 42);
  console.log(log.enabled);
`;

test("DEBUG=sundial:* makes the runtime log; without it nothing is written", async () => {
  const on = await run(LOG_SOMETHING, { DEBUG: "sundial:oncrpc:*" });
  assert.match(on.stderr, /sundial:oncrpc:test the answer is 42/);
  assert.is(on.stdout.trim(), "true");
  const off = await run(LOG_SOMETHING, { DEBUG: "" });
  assert.equal(off, { stdout: "false\n", stderr: "" });
  const other = await run(LOG_SOMETHING, { DEBUG: "somebody:else" });
  assert.equal(other, { stdout: "false\n", stderr: "" });
});

test.run();
