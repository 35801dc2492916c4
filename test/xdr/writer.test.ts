import { test } from "uvu";
import * as assert from "uvu/assert";
import { UNBOUNDED, XdrError, type XdrErrorCode, XdrWriter } from "../../src/xdr/index.ts";
import { bytes, hex } from "../support/bytes.ts";

function written(write: (writer: XdrWriter) => void, capacityBytes?: number): string {
  const writer = new XdrWriter(capacityBytes);
  write(writer);
  return hex(writer.view());
}

function refuses(code: XdrErrorCode, write: (writer: XdrWriter) => void): void {
  assert.throws(
    () => write(new XdrWriter()),
    (error: unknown) => error instanceof XdrError && error.code === code,
  );
}

const NOT_INTEGERS = [0.5, Number.NaN, Infinity, -Infinity, 2 ** 53];

test("RFC 4506 §4.1, §4.2: int and unsigned int", () => {
  assert.is(
    written((to) => {
      for (const value of [1, -1, 2 ** 31 - 1, -(2 ** 31), -0]) to.int32(value);
    }),
    "00000001 ffffffff 7fffffff 80000000 00000000",
  );
  assert.is(
    written((to) => {
      for (const value of [0, 2 ** 31, 2 ** 32 - 1]) to.uint32(value);
    }),
    "00000000 80000000 ffffffff",
  );
});

test("a number that does not fit its type is refused", () => {
  for (const value of [...NOT_INTEGERS, 2 ** 31, -(2 ** 31) - 1])
    refuses("XDR_OUT_OF_RANGE", (to) => to.int32(value));
  for (const value of [...NOT_INTEGERS, -1, 2 ** 32]) refuses("XDR_OUT_OF_RANGE", (to) => to.uint32(value));
  for (const value of [-(2n ** 63n) - 1n, 2n ** 63n]) refuses("XDR_OUT_OF_RANGE", (to) => to.hyper(value));
  for (const value of [-1n, 2n ** 64n]) refuses("XDR_OUT_OF_RANGE", (to) => to.uhyper(value));
  for (const value of [...NOT_INTEGERS, -(2 ** 53)])
    refuses("XDR_OUT_OF_RANGE", (to) => to.hyperNumber(value));
  for (const value of [...NOT_INTEGERS, -1]) refuses("XDR_OUT_OF_RANGE", (to) => to.uhyperNumber(value));
});

test("a value of another JavaScript type is refused, not converted", () => {
  for (const value of ["1", null, undefined, true, {}] as unknown as number[]) {
    refuses("XDR_OUT_OF_RANGE", (to) => to.int32(value));
    refuses("XDR_OUT_OF_RANGE", (to) => to.uint32(value));
    refuses("XDR_OUT_OF_RANGE", (to) => to.hyperNumber(value));
  }
  for (const value of [0, 1, "true", undefined] as unknown as boolean[]) {
    refuses("XDR_OUT_OF_RANGE", (to) => to.bool(value));
  }
});

test("RFC 4506 §4.4: bool is 0 or 1", () => {
  assert.is(
    written((to) => {
      to.bool(false);
      to.bool(true);
    }),
    "00000000 00000001",
  );
});

test("RFC 4506 §4.5: hyper and unsigned hyper, from bigint and from number", () => {
  assert.is(
    written((to) => {
      to.hyper(-(2n ** 63n));
      to.uhyper(2n ** 64n - 1n);
    }),
    "80000000 00000000 ffffffff ffffffff",
  );
  assert.is(
    written((to) => {
      for (const value of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, -1, -(2 ** 32), 2 ** 32]) {
        to.hyperNumber(value);
      }
    }),
    "001fffff ffffffff ffe00000 00000001 ffffffff ffffffff ffffffff 00000000 00000001 00000000",
  );
  assert.is(
    written((to) => to.uhyperNumber(Number.MAX_SAFE_INTEGER)),
    "001fffff ffffffff",
  );
});

test("RFC 4506 §4.6, §4.7, §4.8: float, double and quadruple", () => {
  assert.is(
    written((to) => {
      to.float(-Math.PI);
      to.double(Math.PI);
      to.quadruple(bytes("3fff0000 00000000 00000000 00000000"));
    }),
    "c0490fdb 400921fb 54442d18 3fff0000 00000000 00000000 00000000",
  );
});

test("RFC 4506 §4.9, §4.10: opaque data is padded with zeros, also in a buffer that was used before", () => {
  const writer = new XdrWriter(16);
  for (let i = 0; i < 4; i++) writer.uint32(0xffff_ffff);
  writer.truncate(0);
  writer.fixedOpaque(bytes("0102030405"), 5);
  writer.varOpaque(bytes("06"), 4);
  assert.is(hex(writer.view()), "01020304 05000000 00000001 06000000");
});

test("opaque data of every length is written right", () => {
  for (let length = 0; length < 300; length++) {
    const data = Uint8Array.from({ length }, (_, i) => i + 1);
    const padded = hex(Buffer.concat([data, Buffer.alloc(-length & 3)]));
    const header = length.toString(16).padStart(8, "0");
    const expected = padded === "" ? header : `${header} ${padded}`;
    assert.is(
      written((to) => to.varOpaque(data, UNBOUNDED)),
      expected,
    );
    // Into memory that is not clean, at the edge of the buffer.
    const writer = new XdrWriter(16);
    writer.fixedOpaque(new Uint8Array(16).fill(0xff), 16);
    writer.truncate(0);
    writer.varOpaque(data, UNBOUNDED);
    assert.is(hex(writer.view()), expected);
  }
});

test("RFC 4506 §4.11: a string is written as UTF-8; its limit counts bytes", () => {
  assert.is(
    written((to) => to.string("ä€", 5)),
    "00000005 c3a4e282 ac000000",
  );
  refuses("XDR_TOO_LONG", (to) => to.string("ä€", 4));
  assert.is(
    written((to) => to.string("", 0)),
    "00000000",
  );
});

test("a string with half a surrogate pair has no UTF-8, and is refused", () => {
  for (const text of ["\ud800", "a\udc00", "\ud83d x", `${"a".repeat(100)}\ud83d`]) {
    refuses("XDR_BAD_STRING", (to) => to.string(text, UNBOUNDED));
  }
  assert.is(
    written((to) => to.string("\u{1f600}", 4)),
    "00000004 f09f9880",
  );
});

test("strings of every length are written right, with and without a character that is not ASCII", () => {
  for (let length = 0; length < 200; length++) {
    for (const text of ["a".repeat(length), `${"b".repeat(length)}é`, `é${"c".repeat(length)}`]) {
      const encoded = Buffer.from(text);
      const expected = Buffer.alloc(4 + ((encoded.length + 3) & ~3));
      expected.writeUInt32BE(encoded.length);
      encoded.copy(expected, 4);
      const writer = new XdrWriter(16);
      writer.fixedOpaque(new Uint8Array(16).fill(0xff), 16);
      writer.truncate(0);
      writer.string(text, UNBOUNDED);
      assert.is(hex(writer.view()), hex(expected));
    }
  }
});

test("lengths beyond their bounds are refused", () => {
  refuses("XDR_TOO_LONG", (to) => to.varOpaque(new Uint8Array(5), 4));
  refuses("XDR_TOO_LONG", (to) => to.string("abcde", 4));
  refuses("XDR_TOO_LONG", (to) => to.arrayLength(5, 4));
  refuses("XDR_BAD_LENGTH", (to) => to.fixedOpaque(new Uint8Array(5), 4));
  refuses("XDR_BAD_LENGTH", (to) => to.fixedOpaque(new Uint8Array(3), 4));
  refuses("XDR_BAD_LENGTH", (to) => to.quadruple(new Uint8Array(15)));
  refuses("XDR_BAD_LENGTH", (to) => to.fixedArrayLength(3, 4));
});

test("RFC 4506 §4.12, §4.13: a fixed-length array has no length in front, a variable-length array has", () => {
  assert.is(
    written((to) => {
      to.fixedArrayLength(4, 4);
      to.arrayLength(4, 4);
    }),
    "00000004",
  );
});

test("the buffer grows as needed, and what was written stays", () => {
  const writer = new XdrWriter(16);
  for (let i = 0; i < 10_000; i++) writer.uint32(i);
  const view = Buffer.from(writer.view());
  assert.is(view.length, 40_000);
  for (let i = 0; i < 10_000; i++) assert.is(view.readUInt32BE(i * 4), i);
});

test("a failed write leaves the position to go back to", () => {
  const writer = new XdrWriter();
  writer.uint32(1);
  const before = writer.position;
  writer.uint32(2);
  assert.throws(() => writer.uint32(-1));
  writer.truncate(before);
  writer.uint32(3);
  assert.is(hex(writer.view()), "00000001 00000003");
  assert.throws(() => writer.truncate(12), RangeError);
});

test("patchUint32 overwrites what was written", () => {
  const writer = new XdrWriter();
  writer.uint32(0);
  writer.uint32(7);
  writer.patchUint32(0, 0x8000_0004);
  assert.is(hex(writer.view()), "80000004 00000007");
});

test("copy is the caller's, take hands the buffer over, and both leave a working writer", () => {
  const writer = new XdrWriter(16);
  writer.uint32(1);
  const copy = writer.copy();
  const taken = writer.take(32);
  assert.is(writer.position, 0);
  writer.uint32(2);
  assert.equal([hex(copy), hex(taken), hex(writer.view())], ["00000001", "00000001", "00000002"]);
});

test("encoded passes on what is XDR already", () => {
  assert.is(
    written((to) => to.encoded(bytes("00000001 00000002"))),
    "00000001 00000002",
  );
  assert.throws(() => new XdrWriter().encoded(bytes("0000")), RangeError);
});

test("errors say which field, what was found and what is allowed", () => {
  const writer = new XdrWriter();
  assert.throws(
    () => writer.varOpaque(new Uint8Array(5000), 4096, "put_args.key"),
    /^put_args\.key: length 5000 exceeds 4096$/,
  );
  assert.throws(() => writer.int32(0.5, "a.b"), /^a\.b: 0\.5 is not of type int$/);
  assert.throws(() => writer.fixedOpaque(new Uint8Array(3), 4), /^length 3 is not 4$/);
});

test.run();
