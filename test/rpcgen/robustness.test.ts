/** Whatever it is given, the compiler compiles it or reports errors that have a place in it. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile, RpcgenError, Source } from "../../src/rpcgen/index.ts";
import { readGolden } from "./support.ts";

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

test.run();
