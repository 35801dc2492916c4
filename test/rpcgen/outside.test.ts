/** Generated code in a project that is not this one: it imports the package by name, and may be stricter. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type CompileOptions, compile, Source } from "../../src/rpcgen/index.ts";
import { ROOT, readGolden } from "./support.ts";

const FILES = ["zoo.x", "order.x", "names.x", "comments.x", "rfc4506.x", "rfc5531.x"];

const OPTIONS: Readonly<Record<string, CompileOptions>> = {
  all: {},
  types: { client: false, server: false, hyper: "number" },
  client: { server: false },
  server: { client: false },
};

test("generated code type-checks by the name of the package, with every strict flag there is", () => {
  const directory = mkdtempSync(join(tmpdir(), "rpcgen-outside-"));
  try {
    for (const file of FILES) {
      for (const [name, options] of Object.entries(OPTIONS)) {
        const code = compile(new Source(readGolden(file), file), options);
        writeFileSync(join(directory, `${file}-${name}.ts`), code);
      }
    }
    const config = {
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: {
        paths: {
          "sundial-kv/xdr": [join(ROOT, "src/xdr/index.ts")],
          "sundial-kv/oncrpc": [join(ROOT, "src/oncrpc/index.ts")],
        },
        typeRoots: [join(ROOT, "node_modules/@types")],
        allowUnreachableCode: false,
        allowUnusedLabels: false,
        noImplicitAny: true,
        noUncheckedSideEffectImports: true,
      },
      include: ["*.ts"],
    };
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(config));
    const tsc = join(ROOT, "node_modules", ".bin", "tsc");
    const { stdout } = spawnSync(tsc, ["-p", directory, "--pretty", "false", "--listFiles"], {
      encoding: "utf8",
    });
    const own = stdout.split("\n").filter((line) => line.includes(basename(directory)));
    const isListed = (line: string): boolean => line.startsWith(directory);
    assert.is(own.filter(isListed).length, FILES.length * Object.keys(OPTIONS).length, stdout);
    assert.equal(
      own.filter((line) => !isListed(line)),
      [],
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("generated code says nothing that the compiler cannot check: no any, no casts, no non-null assertions", () => {
  for (const file of FILES) {
    const code = compile(new Source(readGolden(file), file))
      .replace(/\/\*\*.*?\*\//gs, "")
      .replace(/"[^"]*"/g, '""');
    assert.not.match(code, /\bany\b|\bunknown\b|\bas (?!const\b)|[\w)\]]!(?!=)|@ts-/, file);
  }
});

test.run();
