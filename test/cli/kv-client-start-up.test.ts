/**
 * Start-up is most of what a one-shot command costs, so what it loads is kept small. Times are not for tests to
 * judge; what is loaded is.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

interface Loaded {
  readonly files: Set<string>;
  readonly packages: Set<string>;
}

/** What Node loads with `file`, before any `import()`. */
function loadedWith(file: string, loaded: Loaded = { files: new Set(), packages: new Set() }): Loaded {
  if (loaded.files.has(file)) return loaded;
  loaded.files.add(file);
  const text = readFileSync(join(ROOT, file), "utf8");
  for (const [, target] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)";$/gm)) {
    if (!target!.startsWith(".")) loaded.packages.add(target!);
    else loadedWith(relative(ROOT, join(ROOT, dirname(file), target!)), loaded);
  }
  return loaded;
}

for (const command of ["get", "put"]) {
  const { files, packages } = loadedWith("src/cli/kv-client.ts");
  loadedWith(`src/cli/kv-client/${command}.ts`, { files, packages });

  test(`kv_client ${command} loads the client, and nothing of servers, consensus or storage`, () => {
    const outside = [...files].filter(
      (file) =>
        !/^src\/(xdr|cli\/kv-client|kv\/client)\//.test(file) &&
        !["src/cli/kv-client.ts", "src/cli/exit-codes.ts", "src/kv/gen/kv.ts", "src/kv/software.ts"].includes(
          file,
        ) &&
        !(file.startsWith("src/oncrpc/") && !/server|dispatch|listen|index|memory/.test(file)),
    );
    assert.equal(outside, []);
    assert.ok(files.size > 30 && [...files].every((file) => existsSync(join(ROOT, file))));
  });

  test(`kv_client ${command} loads no package but commander, and of Node what it cannot do without`, () => {
    assert.equal([...packages].sort(), ["commander", "node:buffer", "node:module", "node:net"]);
  });

  test(`kv_client ${command} loads none of the other commands`, () => {
    for (const other of ["range", "status", "bench", "load", "table", "pair-views", "failure-report"]) {
      assert.not.ok(files.has(`src/cli/kv-client/${other}.ts`), other);
    }
  });
}

test.run();
