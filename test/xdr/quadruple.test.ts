import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { quadrupleFromNumber, quadrupleToNumber } from "../../src/xdr/index.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const quadruple = (text: string): number => quadrupleToNumber(Buffer.from(text, "hex"));

test("RFC 4506 §4.8: one is sign 0, exponent 16383, fraction 0", () => {
  assert.is(hex(quadrupleFromNumber(1)), "3fff0000000000000000000000000000");
  assert.is(hex(quadrupleFromNumber(-2)), "c0000000000000000000000000000000");
});

test("every number survives the way to a quadruple and back", () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      assert.ok(Object.is(quadrupleToNumber(quadrupleFromNumber(value)), value), String(value));
    }),
    { numRuns: 5000 },
  );
  for (const value of [5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, -0, Infinity, -Infinity, Number.NaN]) {
    assert.ok(Object.is(quadrupleToNumber(quadrupleFromNumber(value)), value), String(value));
  }
});

test("a quadruple between two numbers goes to the nearer one, a tie to the even one", () => {
  assert.is(quadruple("3fff0000000000000800000000000000"), 1);
  assert.is(quadruple("3fff0000000000000800000000000001"), 1 + 2 ** -52);
  assert.is(quadruple("3fff0000000000001800000000000000"), 1 + 2 ** -51);
});

test("a quadruple beyond the numbers is infinite, one below them is zero or the least number", () => {
  assert.is(quadruple("7ffe0000000000000000000000000000"), Infinity);
  assert.is(quadruple("fffe0000000000000000000000000000"), -Infinity);
  assert.ok(Object.is(quadruple("80010000000000000000000000000000"), -0));
  assert.is(quadruple("3bcd0000000000000000000000000001"), 5e-324);
  assert.is(quadruple("3bcc0000000000000000000000000000"), 0);
});

test.run();
