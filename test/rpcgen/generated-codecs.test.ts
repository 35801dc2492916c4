/** What generated codecs do beside encoding and decoding: their errors, limits and lists. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Codec, decodeXdr, encodeXdr, XdrError, type XdrErrorCode } from "../../src/xdr/index.ts";
import { type Own, ownCodec } from "../golden/names.ts";
import { type File, Filekind, fileCodec } from "../golden/rfc4506.ts";
import {
  anyPointsCodec,
  type ByInt,
  boundedCodec,
  byBoolCodec,
  byEnumCodec,
  byIntCodec,
  byUintCodec,
  Color,
  colorCodec,
  type Entries,
  type Entry,
  entriesCodec,
  type Forest,
  fixedCodec,
  forestCodec,
  gridCodec,
  type Nest,
  type Node,
  nestCodec,
  nodeCodec,
  plainCodec,
  type Stringlist,
  stringlistCodec,
  type Tree,
  treeCodec,
} from "../golden/zoo.ts";

const LIST_LENGTH = 100_000;

function bytes(hex: string): Uint8Array {
  return Buffer.from(hex.replace(/\s/g, ""), "hex");
}

function throwsXdrError(action: () => unknown, code: XdrErrorCode, message: string): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof XdrError)) throw error;
    assert.equal([error.code, error.message], [code, message]);
    return;
  }
  assert.unreachable(`no ${code}`);
}

function decodeFails(codec: Codec<unknown>, hex: string, code: XdrErrorCode, message: string): void {
  throwsXdrError(() => decodeXdr(codec, bytes(hex)), code, message);
}

test("RFC 4506 §7: the file of the example has the bytes of the table, both ways", () => {
  const file: File = {
    filename: "sillyprog",
    type: { kind: Filekind.EXEC, interpretor: "lisp" },
    owner: "john",
    data: Buffer.from("(quit)"),
  };
  const table = `
    00 00 00 09  73 69 6c 6c  79 70 72 6f  67 00 00 00
    00 00 00 02
    00 00 00 04  6c 69 73 70
    00 00 00 04  6a 6f 68 6e
    00 00 00 06  28 71 75 69  74 29 00 00`;
  assert.is(Buffer.from(encodeXdr(fileCodec, file)).toString("hex"), table.replace(/\s/g, ""));
  assert.equal(decodeXdr(fileCodec, bytes(table)), { ...file, data: new Uint8Array(bytes("28717569 7429")) });
});

test("an error names the field in the words of the .x file, on both ways", () => {
  const file: File = { filename: "x".repeat(256), type: { kind: Filekind.TEXT }, owner: "", data: bytes("") };
  const message = "file.filename: length 256 exceeds 255";
  throwsXdrError(() => encodeXdr(fileCodec, file), "XDR_TOO_LONG", message);
  decodeFails(fileCodec, "00000100", "XDR_TOO_LONG", message);
  decodeFails(
    fileCodec,
    "00000000 00000000 00000000 00000009",
    "XDR_TRUNCATED",
    "file.data: 9 bytes needed, 0 remain",
  );
  decodeFails(plainCodec, "0000", "XDR_TRUNCATED", "plain.a: 4 bytes needed, 2 remain");
  decodeFails(byBoolCodec, "00000002", "XDR_BAD_BOOL", "by_bool.tag: bool is 2");
});

test("RFC 4506 §4.3: only members of an enum are encoded or decoded", () => {
  decodeFails(colorCodec, "00000003", "XDR_BAD_ENUM", "color: 3 is not a member of the enum");
  const wrong: Codec<unknown> = colorCodec;
  throwsXdrError(() => encodeXdr(wrong, 3), "XDR_BAD_ENUM", "color: 3 is not a member of the enum");
  for (const member of Object.values(Color))
    assert.is(decodeXdr(colorCodec, encodeXdr(colorCodec, member)), member);
});

test("RFC 4506 §4.15: a discriminant without an arm is no value of a union without a default", () => {
  decodeFails(byEnumCodec, "00000002", "XDR_BAD_UNION", "by_enum.tag: there is no arm for 2");
  decodeFails(byUintCodec, "00000007", "XDR_BAD_UNION", "by_uint.tag: there is no arm for 7");
  const wrong: Codec<unknown> = byUintCodec;
  throwsXdrError(() => encodeXdr(wrong, { tag: 7 }), "XDR_BAD_UNION", "by_uint.tag: there is no arm for it");
});

test("a value with the discriminant of one arm and the field of another is not encoded", () => {
  const wrong: ByInt = { tag: 1, o: Color.RED };
  throwsXdrError(
    () => encodeXdr(byIntCodec, wrong),
    "XDR_BAD_UNION",
    "by_int.tag: the value is of another arm",
  );
  const right: ByInt = { tag: 99, o: Color.RED };
  assert.equal(decodeXdr(byIntCodec, encodeXdr(byIntCodec, right)), right);
});

test("nor is it when the field is named like something that every object has", () => {
  for (const kind of [1, 2, 3, 99]) {
    const wrong: Codec<unknown> = ownCodec;
    const error = "own.kind: the value is of another arm";
    throwsXdrError(() => encodeXdr(wrong, { kind }), "XDR_BAD_UNION", error);
  }
  const right: Own = { kind: 1, valueOf_: 5 };
  assert.equal(decodeXdr(ownCodec, encodeXdr(ownCodec, right)), right);
});

test("RFC 4506 §4.12: a fixed-length array has its length", () => {
  throwsXdrError(() => encodeXdr(gridCodec, [[1], [2], [3]]), "XDR_TOO_LONG", "grid: length 3 exceeds 2");
  const fixed: Codec<unknown> = fixedCodec;
  throwsXdrError(() => encodeXdr(fixed, { a: [1, 2] }), "XDR_BAD_LENGTH", "fixed.a: 2 elements, not 3");
});

test("a count that the rest of the bytes cannot hold is refused before an element is read", () => {
  const needed = 2 ** 32 - 1;
  decodeFails(
    anyPointsCodec,
    "ffffffff",
    "XDR_TRUNCATED",
    `any_points: ${needed * 8} bytes needed, 0 remain`,
  );
  // Two points take 16 bytes; the first one would fit.
  const tooFew = "00000002 0000000000000000 00000000";
  decodeFails(anyPointsCodec, tooFew, "XDR_TRUNCATED", "any_points: 16 bytes needed, 12 remain");
  decodeFails(boundedCodec, "00000004", "XDR_TOO_LONG", "bounded.a: length 4 exceeds 3");
});

test(`a list of ${LIST_LENGTH} links is encoded and decoded without recursion`, () => {
  const name = bytes("61");
  let list: Node | null = null;
  for (let value = LIST_LENGTH; value > 0; value--) list = { value, name: new Uint8Array(name), next: list };
  assert.ok(list);
  const decoded = decodeXdr(nodeCodec, encodeXdr(nodeCodec, list));
  let count = 0;
  for (let link: Node | null = decoded; link !== null; link = link.next) {
    count += 1;
    if (link.value !== count) assert.unreachable(`link ${count} has value ${link.value}`);
  }
  assert.is(count, LIST_LENGTH);
});

test(`so is a list whose link is a typedef, as in mount.x: typedef struct entry *entries`, () => {
  let list: Entries = null;
  for (let n = 0; n < LIST_LENGTH; n++) list = { names: [String(n)], rest: list };
  const decoded = decodeXdr(entriesCodec, encodeXdr(entriesCodec, list));
  let expected = LIST_LENGTH;
  for (let link: Entry | null = decoded; link !== null; link = link.rest) {
    expected -= 1;
    if (link.names[0] !== String(expected)) assert.unreachable(`${link.names[0]} is not ${expected}`);
  }
  assert.is(expected, 0);
});

test("a tree may be wide through its last field, and deep through the others up to the reader's limit", () => {
  const leaf: Tree = { value: 0, left: null, right: null };
  let wide = leaf;
  for (let n = 0; n < 10_000; n++) wide = { value: n, left: leaf, right: wide };
  assert.is(encodeXdr(treeCodec, decodeXdr(treeCodec, encodeXdr(treeCodec, wide))).length, 10_000 * 24 + 12);

  let deep = leaf;
  for (let n = 0; n < 127; n++) deep = { value: n, left: deep, right: null };
  const atLimit = encodeXdr(treeCodec, deep);
  assert.equal(decodeXdr(treeCodec, atLimit), deep);
  const beyond = encodeXdr(treeCodec, { value: 1, left: deep, right: null });
  throwsXdrError(() => decodeXdr(treeCodec, beyond), "XDR_TOO_DEEP", "tree: nested deeper than 128");
  decodeXdr(treeCodec, beyond, { depthLimit: 129 });
});

test("however a type contains itself, bytes that nest without end are refused", () => {
  const endless = "00000001".repeat(10_000);
  decodeFails(forestCodec, endless, "XDR_TOO_DEEP", "forest: nested deeper than 128");
  decodeFails(nestCodec, endless, "XDR_TOO_DEEP", "nest: nested deeper than 128");
  const strings = "00000001 00000000".repeat(1000);
  decodeFails(stringlistCodec, strings, "XDR_TOO_DEEP", "stringlist: nested deeper than 128");
});

test("a decoder that failed deep inside does not count that depth the next time", () => {
  const forest: Forest = { child: null, value: 1, sibling: null };
  assert.equal(decodeXdr(forestCodec, encodeXdr(forestCodec, forest)), forest);
  const nest: Nest = [[], [[], []]];
  assert.equal(decodeXdr(nestCodec, encodeXdr(nestCodec, nest)), nest);
  const strings: Stringlist = { opted: true, element: { item: "a", next: { opted: false } } };
  assert.equal(decodeXdr(stringlistCodec, encodeXdr(stringlistCodec, strings)), strings);
});

test("bytes that were decoded are views of the input, not copies", () => {
  const input = bytes("00000000 00000000 00000000 00000004 61626364");
  const { data } = decodeXdr(fileCodec, input);
  assert.is(data.buffer, input.buffer);
  assert.is(Buffer.from(data).toString(), "abcd");
});

test.run();
