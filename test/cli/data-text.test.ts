import { test } from "uvu";
import * as assert from "uvu/assert";
import { formatData, isPrintable, parseData, quoteData } from "../../src/cli/kv-client/data-text.ts";

test("bytes on one line: text as it is, control characters and what is not UTF-8 escaped", () => {
  assert.is(formatData(Buffer.from("Grüße 🌍"), false), "Grüße 🌍");
  assert.is(formatData(Buffer.from("a\n\r\t\\\u0000\u007f"), false), "a\\n\\r\\t\\\\\\x00\\x7f");
  assert.is(formatData(Buffer.from("\u009b2J"), false), "\\x9b2J");
  assert.is(formatData(Buffer.from("a\u202eb\u2028c"), false), "a\\u202eb\\u2028c");
  assert.is(formatData(Buffer.from([0x61, 0xff, 0x0a, 0xc3]), false), "a\\xff\\n\\xc3");
  assert.is(formatData(Buffer.from([0x61, 0xff]), true), "61ff");
});

test("a terminal can show text with tabs and line ends, and no other control characters", () => {
  assert.ok(isPrintable(Buffer.from("one\n\ttwo é")));
  assert.not(isPrintable(Buffer.from("\u001b[2J")));
  assert.not(isPrintable(Buffer.from("\u009b2J")));
  assert.not(isPrintable(Buffer.from([0xff])));
});

test("hex takes digits of both cases, two for each byte, and none for no bytes", () => {
  assert.equal([...parseData("00fF", true)], [0, 255]);
  assert.is(parseData("", true).length, 0);
  for (const wrong of ["0", "0x", "zz", "00 ff"]) assert.throws(() => parseData(wrong, true), /is not hex/);
});

test("a long key is shortened in messages", () => {
  assert.is(quoteData(Buffer.from("k".repeat(4096)), false), `"${"k".repeat(80)}…"`);
});

test.run();
