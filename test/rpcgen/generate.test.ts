import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { generate } from "../../src/cli/generate.ts";
import { lines } from "./support.ts";

const CONTRACTS = new Map([["idl/a.x", "src/a/gen/a.ts"]]);

function inRepository(body: (root: string) => void): void {
  const root = mkdtempSync(join(tmpdir(), "generate-"));
  try {
    mkdirSync(join(root, "idl"));
    writeFileSync(join(root, "idl", "a.x"), "typedef hyper a;\n");
    body(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test("npm run generate writes what is not there, and --check is content then", () =>
  inRepository((root) => {
    assert.equal(generate(root, CONTRACTS, false), []);
    assert.match(readFileSync(join(root, "src/a/gen/a.ts"), "utf8"), "export type A = number;");
    assert.equal(generate(root, CONTRACTS, true), []);
  }));

test("--check names a file that is not what its contract compiles to, and leaves it alone", () =>
  inRepository((root) => {
    const problem = 'src/a/gen/a.ts is not what idl/a.x compiles to: run "npm run generate"';
    assert.equal(generate(root, CONTRACTS, true), [problem]);
    generate(root, CONTRACTS, false);
    const path = join(root, "src/a/gen/a.ts");
    writeFileSync(path, "// edited\n");
    assert.equal(generate(root, CONTRACTS, true), [problem]);
    assert.is(readFileSync(path, "utf8"), "// edited\n");
  }));

test("a contract that has errors is reported with them", () =>
  inRepository((root) => {
    writeFileSync(join(root, "idl", "a.x"), "typedef nope a;\n");
    const report = lines`
      idl/a.x:1:9: "nope" is not defined
      typedef nope a;
              ^^^^
    `;
    assert.equal(generate(root, CONTRACTS, false), [report]);
  }));

test("a contract that nobody compiles is reported", () =>
  inRepository((root) => {
    writeFileSync(join(root, "idl", "b.x"), "");
    assert.equal(generate(root, CONTRACTS, false), [
      "idl/b.x is compiled to nothing: give it a row in src/cli/generate.ts",
    ]);
  }));

test.run();
