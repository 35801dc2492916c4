/** Whatever it is given, the compiler compiles it or reports errors that have a place in it. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, RpcgenError, Source } from "../../src/rpcgen/index.ts";
import { codeOf, errorsOf, modelOf, readGolden } from "./support.ts";

const WORDS =
  "bool case const default double quadruple enum float hyper int opaque string struct switch typedef union unsigned " +
  "void program version { } ( ) [ ] < > * , ; : = a b c A B TRUE FALSE 0 1 -1 0x1F 017 089 /* */ % @";

/** Definitions that are well formed, but seldom mean anything together. */
const DEFINITIONS = [
  "const A = 1;",
  "const B = -1;",
  "enum a { A = 1 };",
  "enum b { B = A, C = B };",
  "struct a { b x; };",
  "struct b { a *x; a y<A>; };",
  "struct c { c x[B]; };",
  "typedef a b;",
  "typedef b c<>;",
  "typedef c *a;",
  "union c switch (a t) { case A: b x; default: void; };",
  "union a switch (int t) { case C: case B: c x; };",
  "program p { version v { a f(b) = A; } = 1; } = 1;",
  "program p { version v { a f(b, c) = 1; } = 1; } = 1;",
];

/** More than the stack would hold if each took a call. */
const CHAIN_LENGTH = 20_000;

function chain(definition: (own: number, next: number) => string): string {
  return Array.from({ length: CHAIN_LENGTH }, (_, own) => definition(own, own + 1)).join("\n");
}

function compilesOrReports(text: string): void {
  const source = new Source(text, "fuzz.x");
  try {
    assert.type(compile(source), "string");
  } catch (error) {
    if (!(error instanceof RpcgenError)) throw error;
    assert.ok(error.diagnostics.length > 0);
    for (const { span } of error.diagnostics) {
      assert.ok(span.start >= 0 && span.start <= span.end && span.end <= text.length, JSON.stringify(span));
    }
  }
}

test("any words in any order", () => {
  const words = fc
    .array(fc.constantFrom(...WORDS.split(" ")), { maxLength: 40 })
    .map((list) => list.join(" "));
  fc.assert(fc.property(words, compilesOrReports), { numRuns: 3000 });
});

test("any definitions in any order", () => {
  const definitions = fc
    .array(fc.constantFrom(...DEFINITIONS), { maxLength: 8 })
    .map((list) => list.join("\n"));
  fc.assert(fc.property(definitions, compilesOrReports), { numRuns: 2000 });
});

test("any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), compilesOrReports), { numRuns: 1000 });
});

test("a good file from which a piece was taken", () => {
  const good = readGolden("zoo.x");
  const damaged = fc
    .tuple(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 30 }))
    .map(([at, length]) => good.slice(0, at) + good.slice(at + length));
  fc.assert(fc.property(damaged, compilesOrReports), { numRuns: 200 });
});

test("a chain of constants may be long", () => {
  const model = modelOf(`enum e {\n${chain((own, next) => `a${own} = a${next},`)}\na${CHAIN_LENGTH} = 7 };`);
  const [type] = model.definitions;
  assert.ok(type?.kind === "enum");
  assert.is(type.members.length, CHAIN_LENGTH + 1);
  assert.ok(type.members.every((member) => member.value === 7));
});

test("so may one of types that contain each other, in whichever order they stand", () => {
  const last = `struct s${CHAIN_LENGTH} { int x; };`;
  const links = chain((own, next) => `struct s${own} { s${next} x; };`);
  const backwards = links.split("\n").reverse().join("\n");
  const before = performance.now();
  for (const text of [`${links}\n${last}`, `${last}\n${backwards}`]) {
    assert.match(codeOf(text), `export const s${CHAIN_LENGTH - 1}Codec`);
  }
  const pointers = chain((own, next) => `struct p${own} { p${next % CHAIN_LENGTH} *x; int y; };`);
  assert.match(codeOf(pointers), 'reader.enter("p0");');
  // Where each type looks at all others, it is minutes.
  assert.ok(performance.now() - before < 30_000);
});

test("a circle of types may be large, and its report is not", () => {
  const ring = chain((own, next) => `struct s${own} { s${next % CHAIN_LENGTH} x; };`);
  const names = Array.from({ length: 21 }, (_, n) => `s${n}`).join(", ");
  const report = `test.x:1:8: "s0" contains itself without end: ${names}, … (19979 more), s0`;
  assert.is(errorsOf(ring).split("\n")[0], report);
});

test("a union may have many arms, a comment many lines", () => {
  const arms = chain((own) => `case ${own}: int a${own};`);
  assert.match(codeOf(`union u switch (int k) {\n${arms}\ndefault: int other;\n};`), "default:");
  const comment = " * line\n".repeat(200_000);
  assert.match(codeOf(`/*\n${comment} */\nconst A = 1;`), "export const A = 1;");
});

test("a type that takes more bytes than a number can say still ends", () => {
  const doubled = chain((own, next) => `struct s${next} { s${own} a; s${own} b; };`).split("\n");
  const text = `struct s0 { hyper x; };\n${doubled.slice(0, 1100).join("\n")}`;
  assert.match(codeOf(`${text}\nunion u switch (int k) { case 5: s1100 x; };`), "case 5:");
});

test.run();
