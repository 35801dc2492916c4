/**
 * The rules of the code that a reviewer would otherwise have to remember (docs/architecture.md).
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const FILE_LINES_LIMIT = 400;
const FUNCTION_LINES_LIMIT = 70;

/** Which module may import which, at run time or for types. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  xdr: [],
  oncrpc: ["xdr"],
  rpcgen: [],
  raft: [],
  kv: ["xdr", "oncrpc", "raft"],
  cli: ["xdr", "oncrpc", "rpcgen", "raft", "kv"],
};

/** The real implementations of the ports of `src/kv/ports.ts`, and what composes a real server out of them. */
const MAY_TOUCH_THE_WORLD: readonly string[] = [
  "src/kv/real-disk.ts",
  "src/kv/real-ports.ts",
  "src/kv/directory-lock.ts",
  "src/kv/store/lmdb-file.ts",
  "src/kv/store/lmdb-record-store.ts",
];

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function filesUnder(directory: string): SourceFile[] {
  return readdirSync(join(ROOT, directory), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => normalize(`${directory}/${name}`))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

const SOURCES = filesUnder("src");
const HANDWRITTEN = SOURCES.filter(({ path }) => !path.includes("/gen/"));

function importsOf({ path, text }: SourceFile): string[] {
  return [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    normalize(join(dirname(path), match[1]!)),
  );
}

const moduleOf = (path: string): string => path.split("/")[1]!;

test("arrows between modules point one way: xdr ← oncrpc ← kv ← cli, raft ← kv, rpcgen ← cli", () => {
  const wrong = SOURCES.flatMap((file) =>
    importsOf(file)
      .filter((target) => moduleOf(target) !== moduleOf(file.path))
      .filter((target) => !MAY_IMPORT[moduleOf(file.path)]?.includes(moduleOf(target)))
      .map((target) => `${file.path} imports ${target}`),
  );
  assert.equal(wrong, []);
});

test("no file imports itself through others, not even for types", () => {
  const graph = new Map(SOURCES.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const findCycle = (path: string, trail: readonly string[]): string | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(" → ");
    if (done.has(path)) return undefined;
    for (const target of graph.get(path) ?? []) {
      const cycle = findCycle(target, [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    done.add(path);
    return undefined;
  };
  assert.equal(SOURCES.map((file) => findCycle(file.path, [])).filter(Boolean), []);
});

test("relative imports name files that exist", () => {
  const known = new Set(SOURCES.map((file) => file.path));
  const missing = SOURCES.flatMap((file) => importsOf(file).filter((target) => !known.has(target)));
  assert.equal(missing, []);
});

test(`a file has at most ${FILE_LINES_LIMIT} lines`, () => {
  const long = HANDWRITTEN.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`).filter(
    (line) => Number(line.split(": ")[1]) > FILE_LINES_LIMIT,
  );
  assert.equal(long, []);
});

/** Functions and methods, by the layout that the formatter gives them: from the line with the name to its closing brace. */
function functionsOf({ path, text }: SourceFile): { readonly name: string; readonly lines: number }[] {
  const lines = text.split("\n");
  const found: { name: string; lines: number }[] = [];
  const opening =
    /^(\s*)(?:export )?(?:(?:private |protected |static |override |async )*(?!if|for|while|switch|return|else|do|try)[\w$]+(?:<.*>)?\(|(?:async )?function[ *])/;
  lines.forEach((line, i) => {
    const match = line.endsWith(";") ? null : opening.exec(line);
    if (match === null) return;
    const indent = match[1]!;
    const end = lines.findIndex((later, j) => j >= i && (later === `${indent}}` || later === `${indent});`));
    const bodyOpens = lines.slice(i, end).some((inner) => inner.endsWith("{"));
    if (end !== -1 && bodyOpens) found.push({ name: `${path}: ${line.trim()}`, lines: end - i + 1 });
  });
  return found;
}

test(`a function has at most ${FUNCTION_LINES_LIMIT} lines`, () => {
  const all = HANDWRITTEN.flatMap(functionsOf);
  assert.ok(all.length > 300, `only ${all.length} functions were found: has the layout changed?`);
  assert.equal(
    all.filter(({ lines }) => lines > FUNCTION_LINES_LIMIT).map(({ name, lines }) => `${name} ${lines}`),
    [],
  );
});

test("the consensus core has no clock, no chance, no promise and no I/O (DESIGN §5)", () => {
  const wrong = SOURCES.filter(({ path }) => path.startsWith("src/raft/")).flatMap(({ path, text }) =>
    [
      ...code(text).matchAll(
        /\b(Date|performance|setTimeout|setImmediate|Promise|await|Math\.random|process|require)\b/g,
      ),
    ].map((match) => `${path}: ${match[0]}`),
  );
  assert.equal(wrong, []);
});

test("under src/kv only the real ports call fs, timers, clocks and random sources (DESIGN §5)", () => {
  const wrong = SOURCES.filter(
    ({ path }) => path.startsWith("src/kv/") && !MAY_TOUCH_THE_WORLD.includes(path),
  )
    .filter(({ path }) => !path.startsWith("src/kv/client/"))
    .flatMap(({ path, text }) =>
      [
        ...code(text).matchAll(
          /"node:(?:fs|net|timers)[^"]*"|\bDate\b|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\(|\bMath\.random\b|\brandomBytes\b/g,
        ),
      ].map((match) => `${path}: ${match[0]}`),
    );
  assert.equal(wrong, []);
});

/** Without comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}

test("launchers have at most ten lines", () => {
  for (const name of readdirSync(join(ROOT, "bin"))) {
    const lines = readFileSync(join(ROOT, "bin", name), "utf8")
      .trimEnd()
      .split("\n").length;
    assert.ok(lines <= 10, `bin/${name} has ${lines} lines`);
  }
});

test.run();
