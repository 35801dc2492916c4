import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  boolCodec,
  type Codec,
  decodeXdr,
  doubleCodec,
  encodeXdr,
  floatCodec,
  hyperCodec,
  hyperNumberCodec,
  int32Codec,
  quadrupleCodec,
  stringCodec,
  uhyperCodec,
  uhyperNumberCodec,
  uint32Codec,
  varOpaqueCodec,
  voidCodec,
  XdrError,
  XdrReader,
} from "../../src/xdr/index.ts";
import { hex } from "../support/bytes.ts";

interface Type<T> {
  readonly name: string;
  readonly codec: Codec<T>;
  readonly values: fc.Arbitrary<T>;
}

const type = <T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): Type<T> => ({
  name,
  codec,
  values,
});

// biome-ignore lint/suspicious/noExplicitAny: each row is consistent in itself
const TYPES: readonly Type<any>[] = [
  type("int", int32Codec, fc.integer()),
  type("unsigned int", uint32Codec, fc.nat(0xffff_ffff)),
  type("bool", boolCodec, fc.boolean()),
  type("hyper", hyperCodec, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  type("unsigned hyper", uhyperCodec, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  type("hyper as number", hyperNumberCodec, fc.maxSafeInteger()),
  type("unsigned hyper as number", uhyperNumberCodec, fc.maxSafeNat()),
  type("float", floatCodec, fc.float()),
  type("double", doubleCodec, fc.double()),
  type("quadruple", quadrupleCodec, fc.uint8Array({ minLength: 16, maxLength: 16 })),
  type("string", stringCodec(400), fc.string({ unit: "grapheme", maxLength: 30 })),
  type("opaque", varOpaqueCodec(100), fc.uint8Array({ maxLength: 100 })),
  type("void", voidCodec, fc.constant(undefined)),
];

for (const { name, codec, values } of TYPES) {
  test(`${name}: decoding is the inverse of encoding, in whole words`, () => {
    fc.assert(
      fc.property(values, (value) => {
        const encoded = encodeXdr(codec, value);
        assert.is(encoded.length % 4, 0);
        assert.equal(decodeXdr(codec, encoded), value);
      }),
    );
  });

  test(`${name}: bytes that decode are the ones that the value encodes to`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 24 }), (bytes) => {
        let value: unknown;
        try {
          value = decodeXdr(codec, bytes);
        } catch (error) {
          assert.instance(error, XdrError);
          return;
        }
        // There are many ways to write "not a number"; JavaScript keeps one.
        if (!Number.isNaN(value)) assert.is(hex(encodeXdr(codec, value)), hex(bytes));
      }),
      { numRuns: 1000 },
    );
  });
}

const item = fc
  .constantFrom(...TYPES)
  .chain((one) => one.values.map((value: unknown) => ({ codec: one.codec, value })));

test("items that are written one after the other are read one after the other", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 40 }), (items) => {
      const all: Codec<unknown[]> = {
        encode: (writer, values) => {
          for (const [i, { codec }] of items.entries()) codec.encode(writer, values[i]);
        },
        decode: (reader) => items.map(({ codec }) => codec.decode(reader)),
      };
      const values = items.map(({ value }) => value);
      assert.equal(decodeXdr(all, encodeXdr(all, values)), values);
    }),
  );
});

const read: fc.Arbitrary<(reader: XdrReader) => unknown> = fc
  .record({
    method: fc.constantFrom(
      "int32",
      "uint32",
      "bool",
      "hyper",
      "uhyper",
      "hyperNumber",
      "uhyperNumber",
      "float",
      "double",
      "quadruple",
      "fixedOpaque",
      "varOpaque",
      "string",
      "arrayLength",
      "enter",
      "leave",
      "rest",
      "finish",
    ),
    size: fc.oneof(fc.nat(20), fc.nat(0xffff_ffff)),
    elementBytesMin: fc.nat(20),
  })
  .map(({ method, size, elementBytesMin }) => (reader: XdrReader) => {
    switch (method) {
      case "fixedOpaque":
        return reader.fixedOpaque(size % 1000);
      case "varOpaque":
      case "string":
        return reader[method](size);
      case "arrayLength":
        return reader.arrayLength(size, elementBytesMin);
      default:
        return reader[method]();
    }
  });

/** Bytes that often are small numbers, as lengths are. */
const anything = fc.array(fc.oneof(fc.nat(20), fc.nat(0xffff_ffff)), { maxLength: 30 }).chain((words) =>
  fc.uint8Array({ maxLength: 5 }).map((tail) => {
    const bytes = new Uint8Array(words.length * 4 + tail.length);
    const view = new DataView(bytes.buffer);
    words.forEach((word, i) => {
      view.setUint32(i * 4, word);
    });
    bytes.set(tail, words.length * 4);
    return bytes;
  }),
);

test("whatever is read from whatever bytes, nothing but XdrError is thrown, and nothing beyond them is read", () => {
  fc.assert(
    fc.property(anything, fc.array(read, { maxLength: 20 }), fc.boolean(), (bytes, reads, isLax) => {
      // The bytes lie within others, as a record lies within a chunk.
      const chunk = new Uint8Array(bytes.length + 64).fill(0xa5);
      chunk.set(bytes, 32);
      const reader = new XdrReader(chunk.subarray(32, 32 + bytes.length), {
        allowNonZeroPadding: isLax,
        allowTrailingBytes: isLax,
      });
      for (const one of reads) {
        try {
          const value = one(reader);
          if (value instanceof Uint8Array) {
            assert.ok(value.byteOffset >= 32 && value.byteOffset + value.length <= 32 + bytes.length);
          }
        } catch (error) {
          assert.instance(error, XdrError);
        }
        assert.ok(reader.position <= bytes.length && reader.remaining >= 0);
      }
    }),
    { numRuns: 5000 },
  );
});

test.run();
