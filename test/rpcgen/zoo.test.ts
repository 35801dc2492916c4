/** The codecs that come out of zoo.x, which has every type in every place, compared with a second implementation. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type NamedType, namedTypes } from "../../src/rpcgen/model.ts";
import { Names } from "../../src/rpcgen/names.ts";
import { type Codec, decodeXdr, encodeXdr, XdrError } from "../../src/xdr/index.ts";
import * as zoo from "../golden/zoo.ts";
import * as zooNumber from "../golden/zoo-number.ts";
import { ReferenceXdr } from "./reference-xdr.ts";
import { modelOf, readGolden } from "./support.ts";

const model = modelOf(readGolden("zoo.x"));
const types = namedTypes(model);
const names = new Names(model);

function codecIn(module: object, type: NamedType): Codec<unknown> {
  const codec: unknown = Reflect.get(module, names.codec(type));
  assert.ok(codec, `${names.codec(type)} is exported`);
  return codec as Codec<unknown>;
}

for (const [hyper, module] of [
  ["bigint", zoo],
  ["number", zooNumber],
] as const) {
  const reference = new ReferenceXdr(names, hyper);

  test(`RFC 4506 §4: each type is encoded as the reference does and decoded to what it was (hyper: ${hyper})`, () => {
    for (const type of types) {
      const codec = codecIn(module, type);
      fc.assert(
        fc.property(reference.arbitrary(type), (value) => {
          const bytes = encodeXdr(codec, value);
          assert.is(
            Buffer.from(bytes).toString("hex"),
            reference.encode(type, value).toString("hex"),
            type.name,
          );
          assert.equal(decodeXdr(codec, bytes), value, type.name);
        }),
        { numRuns: 60 },
      );
    }
  });

  test(`bytes of any kind decode or throw XdrError, and nothing else (hyper: ${hyper})`, () => {
    for (const type of types) {
      const codec = codecIn(module, type);
      const damaged = fc
        .tuple(reference.arbitrary(type), fc.nat(), fc.nat({ max: 255 }), fc.nat())
        .map(([value, at, byte, cut]) => damage(reference.encode(type, value), at, byte, cut));
      const few = fc
        .array(fc.constantFrom(0, 1, 2, 255), { maxLength: 64 })
        .map((bytes) => Uint8Array.from(bytes));
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), few, damaged), (bytes) => {
          const value = decodeOrXdrError(codec, bytes);
          // What was decoded is a value of the type: it can be encoded, and means the same again.
          if (value !== undefined) assert.equal(decodeXdr(codec, encodeXdr(codec, value)), value, type.name);
        }),
        { numRuns: 120 },
      );
    }
  });
}

function damage(bytes: Buffer, at: number, byte: number, cut: number): Uint8Array {
  if (bytes.length === 0) return bytes;
  bytes[at % bytes.length] = byte;
  return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
}

function decodeOrXdrError(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  try {
    return decodeXdr(codec, bytes);
  } catch (error) {
    assert.instance(error, XdrError);
    return undefined;
  }
}

test.run();
