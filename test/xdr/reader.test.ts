import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  UNBOUNDED,
  XdrError,
  type XdrErrorCode,
  XdrReader,
  type XdrReaderOptions,
} from "../../src/xdr/index.ts";
import { bytes, hex } from "../support/bytes.ts";

function reader(text: string, options?: XdrReaderOptions): XdrReader {
  return new XdrReader(bytes(text), options);
}

function throws(code: XdrErrorCode, read: () => unknown): void {
  assert.throws(read, (error: unknown) => error instanceof XdrError && error.code === code);
}

test("RFC 4506 §4.1: int is two's complement, most significant byte first", () => {
  const items = reader("00000001 ffffffff 7fffffff 80000000");
  assert.equal(
    [items.int32(), items.int32(), items.int32(), items.int32()],
    [1, -1, 2147483647, -2147483648],
  );
});

test("RFC 4506 §4.2: unsigned int goes from 0 to 2^32 - 1", () => {
  const items = reader("00000000 80000000 ffffffff");
  assert.equal([items.uint32(), items.uint32(), items.uint32()], [0, 2147483648, 4294967295]);
});

test("RFC 4506 §4.4: bool is 0 or 1, nothing else", () => {
  const items = reader("00000000 00000001");
  assert.equal([items.bool(), items.bool()], [false, true]);
  for (const text of ["00000002", "ffffffff", "01000000", "00000100"]) {
    throws("XDR_BAD_BOOL", () => reader(text).bool());
  }
});

test("RFC 4506 §4.5: hyper and unsigned hyper have eight bytes", () => {
  assert.is(reader("80000000 00000000").hyper(), -(2n ** 63n));
  assert.is(reader("7fffffff ffffffff").hyper(), 2n ** 63n - 1n);
  assert.is(reader("ffffffff ffffffff").hyper(), -1n);
  assert.is(reader("ffffffff ffffffff").uhyper(), 2n ** 64n - 1n);
  assert.is(reader("00000001 00000000").uhyper(), 2n ** 32n);
});

test("a hyper read as a number is exact, or refused", () => {
  assert.is(reader("001fffff ffffffff").hyperNumber(), Number.MAX_SAFE_INTEGER);
  assert.is(reader("001fffff ffffffff").uhyperNumber(), Number.MAX_SAFE_INTEGER);
  assert.is(reader("ffe00000 00000001").hyperNumber(), Number.MIN_SAFE_INTEGER);
  assert.is(reader("ffffffff ffffffff").hyperNumber(), -1);
  assert.is(reader("ffffffff 00000000").hyperNumber(), -4294967296);
  for (const text of ["00200000 00000000", "7fffffff ffffffff", "80000000 00000000", "ffe00000 00000000"]) {
    throws("XDR_OUT_OF_RANGE", () => reader(text).hyperNumber());
  }
  for (const text of ["00200000 00000000", "ffffffff ffffffff"]) {
    throws("XDR_OUT_OF_RANGE", () => reader(text).uhyperNumber());
  }
});

test("RFC 4506 §4.6, §4.7: float and double are IEEE 754", () => {
  assert.is(reader("3f800000").float(), 1);
  assert.is(reader("c0490fdb").float(), Math.fround(-Math.PI));
  assert.is(reader("7f800000").float(), Infinity);
  assert.is(reader("3ff00000 00000000").double(), 1);
  assert.is(reader("400921fb 54442d18").double(), Math.PI);
  assert.is(reader("00000000 00000001").double(), 5e-324);
  assert.ok(Number.isNaN(reader("7ff80000 00000000").double()));
});

test("RFC 4506 §3: the longest opaque that can be declared is not there, nor is its padding", () => {
  for (const length of [2 ** 31 - 3, 2 ** 31, 2 ** 32 - 5, 2 ** 32 - 1]) {
    throws("XDR_TRUNCATED", () => reader("00000000").fixedOpaque(length));
  }
});

test("RFC 4506 §4.9: fixed-length opaque is padded with zeros to a multiple of four", () => {
  const items = reader("01020304 05000000 06");
  assert.is(hex(items.fixedOpaque(5)), "01020304 05");
  assert.is(items.position, 8);
  assert.is(hex(items.fixedOpaque(0)), "");
  throws("XDR_TRUNCATED", () => items.fixedOpaque(1));
});

test("RFC 4506 §4.10: variable-length opaque has its length in front", () => {
  const items = reader("00000003 01020300 00000000");
  assert.is(hex(items.varOpaque(UNBOUNDED)), "010203");
  assert.is(hex(items.varOpaque(0)), "");
  items.finish();
});

test("RFC 4506 §3: padding that is not zero is refused, unless it is allowed", () => {
  for (const text of ["00000001 ff010000", "00000001 ff000100", "00000001 ff000001", "00000003 ffffff01"]) {
    throws("XDR_BAD_PADDING", () => reader(text).varOpaque(8));
    throws("XDR_BAD_PADDING", () => reader(text).string(8));
    assert.is(reader(text, { allowNonZeroPadding: true }).varOpaque(8)[0], 0xff);
  }
});

test("padding that is missing is refused", () => {
  throws("XDR_TRUNCATED", () => reader("00000001 ff").varOpaque(8));
  throws("XDR_TRUNCATED", () => reader("00000001 ff0000").varOpaque(8));
});

test("a length beyond its bound is refused, even if the bytes are there", () => {
  throws("XDR_TOO_LONG", () => reader("00000005 01020304 05000000").varOpaque(4));
  throws("XDR_TOO_LONG", () => reader("00000005 61626364 65000000").string(4));
});

test("a length beyond the bytes that remain is refused, whatever the bound", () => {
  for (const length of ["00000009", "7fffffff", "80000000", "fffffffd", "ffffffff"]) {
    throws("XDR_TRUNCATED", () => reader(`${length} 01020304 05060708`).varOpaque(UNBOUNDED));
    throws("XDR_TRUNCATED", () => reader(`${length} 01020304 05060708`).string(UNBOUNDED));
  }
});

test("RFC 4506 §4.11: a string is its bytes; here they must be UTF-8", () => {
  assert.is(reader("00000005 68656c6c 6f000000").string(5), "hello");
  assert.is(reader("00000000").string(5), "");
  assert.is(reader("00000008 c3a4e282 ac007e7f").string(8), "ä€\0~\x7f");
  assert.is(reader("00000003 efbbbf00").string(8), "\ufeff");
  for (const text of ["00000001 ff000000", "00000002 c3280000", "00000003 eda08000", "00000001 c3000000"]) {
    throws("XDR_BAD_STRING", () => reader(text).string(8));
  }
});

test("strings of every length are read right, with and without a byte that is not ASCII", () => {
  for (let length = 0; length < 200; length++) {
    for (const text of ["a".repeat(length), `${"b".repeat(length)}é`, `é${"c".repeat(length)}`]) {
      const encoded = Buffer.from(text);
      const message = Buffer.alloc(4 + encoded.length + 3);
      message.writeUInt32BE(encoded.length);
      encoded.copy(message, 4);
      assert.is(new XdrReader(message).string(UNBOUNDED), text);
    }
  }
});

test("RFC 4506 §4.13: an array cannot claim more elements than the rest of the bytes could hold", () => {
  assert.is(reader("00000002 00000001 00000002").arrayLength(2, 4), 2);
  throws("XDR_TOO_LONG", () => reader("00000003 00000001 00000002 00000003").arrayLength(2, 4));
  throws("XDR_TRUNCATED", () => reader("00000003 00000001 00000002").arrayLength(UNBOUNDED, 4));
  throws("XDR_TRUNCATED", () => reader("ffffffff 00000001 00000002").arrayLength(UNBOUNDED, 4));
  // 2^30 elements of 4 bytes are 2^32 bytes: a product that wraps would let it pass.
  throws("XDR_TRUNCATED", () => reader("40000000").arrayLength(UNBOUNDED, 4));
});

test("an array of elements that take no bytes cannot claim as many as it likes", () => {
  assert.is(reader("00001000").arrayLength(UNBOUNDED, 0), 4096);
  throws("XDR_TOO_LONG", () => reader("00001001").arrayLength(UNBOUNDED, 0));
  throws("XDR_TOO_LONG", () => reader("ffffffff").arrayLength(UNBOUNDED, 0));
});

test("bytes that end within an item are refused, for every item", () => {
  const items: readonly (readonly [number, (from: XdrReader) => unknown])[] = [
    [4, (from) => from.int32()],
    [4, (from) => from.uint32()],
    [4, (from) => from.bool()],
    [8, (from) => from.hyper()],
    [8, (from) => from.uhyper()],
    [8, (from) => from.hyperNumber()],
    [8, (from) => from.uhyperNumber()],
    [4, (from) => from.float()],
    [8, (from) => from.double()],
    [16, (from) => from.quadruple()],
    [4, (from) => from.fixedOpaque(3)],
    [4, (from) => from.varOpaque(1)],
    [4, (from) => from.string(1)],
    [4, (from) => from.arrayLength(1, 4)],
  ];
  for (const [size, read] of items) {
    for (let length = 0; length < size; length++) {
      throws("XDR_TRUNCATED", () => read(new XdrReader(new Uint8Array(length))));
    }
    read(new XdrReader(new Uint8Array(size)));
  }
});

test("finish: bytes left over are refused, unless they are allowed", () => {
  const items = reader("00000001 00000002");
  items.int32();
  throws("XDR_TRAILING", () => items.finish());
  items.int32();
  items.finish();
  reader("00000001", { allowTrailingBytes: true }).finish();
});

test("opaque data is a view of the input, also where the input is a view itself", () => {
  const memory = bytes("ffffffff 00000004 01020304");
  const input = memory.subarray(4);
  const data = new XdrReader(input).varOpaque(4);
  assert.is(data.buffer, memory.buffer);
  assert.is(hex(data), "01020304");
  assert.is(hex(new XdrReader(input).rest()), "00000004 01020304");
});

test("reset: one reader serves many messages, from where each one's items begin", () => {
  const items = reader("00000001 00000002");
  items.int32();
  items.reset(bytes("ffffffff 00000007 00000008"), 4);
  assert.equal([items.position, items.remaining], [4, 8]);
  assert.equal([items.int32(), items.int32()], [7, 8]);
  items.finish();
  items.reset(bytes("00000009"));
  assert.is(items.int32(), 9);
});

test("depthLimit: values that nest too deep are refused; reset starts at the top again", () => {
  const items = reader("", { depthLimit: 3 });
  for (let i = 0; i < 3; i++) items.enter();
  throws("XDR_TOO_DEEP", () => items.enter());
  items.reset(bytes(""));
  for (let i = 0; i < 3; i++) items.enter();
  items.leave();
  items.enter();
  throws("XDR_TOO_DEEP", () => items.enter());
  const byDefault = reader("");
  for (let i = 0; i < 128; i++) byDefault.enter();
  throws("XDR_TOO_DEEP", () => byDefault.enter());
});

test("errors say which field, what was found and what is allowed", () => {
  assert.throws(
    () => reader("00001388").varOpaque(4096, "put_args.key"),
    /^put_args\.key: length 5000 exceeds 4096$/,
  );
  assert.throws(() => reader("0000").int32("a.b"), /^a\.b: 4 bytes needed, 2 remain$/);
  assert.throws(() => reader("00000002").bool("a.b"), /^a\.b: bool is 2$/);
  assert.throws(() => reader("00").finish("a"), /^a: 1 bytes left over$/);
  assert.throws(() => reader("00000001 ff000000").string(4), /^string is not UTF-8$/);
});

test.run();
