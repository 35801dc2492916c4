/**
 * `test/golden/*.x` compile to `test/golden/*.ts`, byte for byte. After a change that is meant, write them anew:
 *
 *     UPDATE_GOLDEN=1 npx tsx test/run.ts rpcgen/golden
 *
 * and read the difference before committing it. `tsc` checks them with the rest of `test/`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CompileOptions, compile, Source } from "../../src/rpcgen/index.ts";
import { ROOT, readGolden } from "./support.ts";

const IN_REPOSITORY: CompileOptions = {
  importXdr: "../../src/xdr/index.ts",
  importOncrpc: "../../src/oncrpc/index.ts",
};

/** Which file comes out of which, with which options. */
const GOLDEN: readonly (readonly [file: string, from: string, options: CompileOptions])[] = [
  ["rfc4506.ts", "rfc4506.x", {}],
  ["rfc5531.ts", "rfc5531.x", {}],
  ["comments.ts", "comments.x", {}],
  ["names.ts", "names.x", {}],
  ["order.ts", "order.x", {}],
  ["zoo.ts", "zoo.x", {}],
  ["zoo-number.ts", "zoo.x", { hyper: "number", client: false, server: false }],
  ["rfc5531-client.ts", "rfc5531.x", { server: false }],
  ["rfc5531-server.ts", "rfc5531.x", { client: false }],
];

function compileGolden(from: string, options: CompileOptions): string {
  return compile(new Source(readGolden(from), `test/golden/${from}`), { ...IN_REPOSITORY, ...options });
}

for (const [file, from, options] of GOLDEN) {
  test(`${from} compiles to ${file}`, () => {
    const code = compileGolden(from, options);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(join(ROOT, "test", "golden", file), code);
    assert.fixture(code, readGolden(file));
  });
}

test("each file in test/golden is compiled or comes out", () => {
  const known = new Set([...GOLDEN.map(([file]) => file), ...GOLDEN.map(([, from]) => from)]);
  assert.equal([...known].sort(), readdirSync(join(ROOT, "test", "golden")).sort());
});

test("the code is laid out as the formatter of this repository would lay it out", () => {
  const directory = mkdtempSync(join(tmpdir(), "rpcgen-format-"));
  try {
    const config = { formatter: { indentStyle: "space", indentWidth: 2, lineWidth: 110 } };
    writeFileSync(join(directory, "biome.json"), JSON.stringify(config));
    const files = GOLDEN.map(([file]) => file);
    for (const file of files) writeFileSync(join(directory, file), readGolden(file));
    const biome = join(ROOT, "node_modules", ".bin", "biome");
    const { status, stdout, stderr } = spawnSync(biome, ["format", "--write", ...files], {
      cwd: directory,
      encoding: "utf8",
    });
    assert.is(status, 0, `${stdout}\n${stderr}`);
    for (const file of files) assert.fixture(readFileSync(join(directory, file), "utf8"), readGolden(file));
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
