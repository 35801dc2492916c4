/**
 * The bytes of the generated codecs are those of the XDR routines that stock rpcgen makes of the same `.x` files, for
 * random values of every type and in both directions.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as kv from "../../src/kv/gen/kv.ts";
import * as log from "../../src/kv/gen/log.ts";
import * as raft from "../../src/kv/gen/raft.ts";
import * as store from "../../src/kv/gen/store.ts";
import { type Model, type NamedType, namedTypes } from "../../src/rpcgen/model.ts";
import { Names } from "../../src/rpcgen/names.ts";
import { type Codec, decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { modelOf } from "../rpcgen/support.ts";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { runProgram } from "../support/program.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { compileGenerated, compileProgram, missingCPackages, rpcgen } from "../support/stock-rpcgen.ts";
import { CValues } from "./c-value.ts";
import { RandomValues } from "./random-value.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const IDL = join(HERE, "..", "..", "idl");
const MISSING = missingCPackages();
const SEED = Number(process.env["SEED"] ?? 1);
const VALUES_A_TYPE = 25;

const CONTRACTS: readonly { readonly idl: string; readonly generated: Readonly<Record<string, unknown>> }[] =
  [
    { idl: "kv.x", generated: kv },
    { idl: "raft.x", generated: raft },
    { idl: "log.x", generated: log },
    { idl: "store.x", generated: store },
  ];

/** A value, and what is needed to encode it here and there. */
interface Vector {
  readonly type: NamedType;
  readonly codec: Codec<unknown>;
  readonly value: unknown;
}

function vectorsOf(model: Model, generated: Readonly<Record<string, unknown>>): Vector[] {
  const names = new Names(model);
  const values = new RandomValues(names, seededRandom(SEED));
  return namedTypes(model).flatMap((type) => {
    const codec = generated[names.codec(type)] as Codec<unknown>;
    return Array.from({ length: VALUES_A_TYPE }, () => ({ type, codec, value: values.of(type) }));
  });
}

/** The file values.c that test/interop/c/vectors.c speaks of. */
function valuesInC(header: string, model: Model, vectors: readonly Vector[]): string {
  const c = new CValues(new Names(model));
  const fills = vectors.map(({ type, value }, i) => {
    const statements = c.assign("(*v)", type.name, type, value).map((statement) => `    ${statement}\n`);
    return `static void fill_${i}(void *object)\n{\n    ${type.name} *v = object;\n${statements.join("")}}\n`;
  });
  const rows = vectors.map(
    ({ type }, i) =>
      `    { "${type.name}", (xdrproc_t)xdr_${type.name}, sizeof(${type.name}), fill_${i} },\n`,
  );
  return [
    `#include <string.h>\n#include "${header}"\n#include "vectors.h"\n`,
    ...fills,
    `const struct vector vectors[] = {\n${rows.join("")}};\n`,
    `const size_t vectors_count = ${vectors.length};\n`,
  ].join("\n");
}

/** @returns the path of test/interop/c/vectors.c as a program, with these values */
function build(idl: string, model: Model, vectors: readonly Vector[]): string {
  const directory = scratchDirectory();
  const { header, xdr } = rpcgen(join(IDL, idl), directory);
  copyFileSync(join(HERE, "c", "vectors.h"), join(directory, "vectors.h"));
  const values = join(directory, "values.c");
  writeFileSync(values, valuesInC(basename(header), model, vectors));
  const objects = compileGenerated([xdr, values], directory, "-O0");
  return compileProgram(join(HERE, "c", "vectors.c"), objects, directory);
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Views of a larger buffer become arrays of their own, so that only their bytes are compared. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexOf(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]));
}

for (const { idl, generated } of CONTRACTS) {
  testThatNeeds(
    lackOf(MISSING),
    `every type of idl/${idl} has the bytes that C gives it, both ways`,
    async () => {
      const model = modelOf(readFileSync(join(IDL, idl), "utf8"));
      const vectors = vectorsOf(model, generated);
      const program = build(idl, model, vectors);
      const name = ({ type }: Vector, i: number): string => `${type.name}, value ${i}, seed ${SEED}`;

      const encoded = await runProgram(program, ["encode"]);
      assert.is(encoded.stderr, "");
      const fromC = encoded.stdout.trimEnd().split("\n");
      assert.is(fromC.length, vectors.length);
      const ours = vectors.map(({ codec, value }) => hexOf(encodeXdr(codec, value)));
      for (const [i, vector] of vectors.entries()) {
        assert.is(ours[i], fromC[i], name(vector, i));
        const decoded = decodeXdr(vector.codec, Buffer.from(fromC[i]!, "hex"));
        assert.equal(plain(decoded), plain(vector.value), name(vector, i));
      }

      const recoded = await runProgram(program, ["recode"], `${ours.join("\n")}\n`);
      assert.is(recoded.stderr, "");
      assert.equal(recoded.stdout.trimEnd().split("\n"), ours);
    },
  );
}

test.run();
