import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ByteBudget } from "../../src/oncrpc/byte-budget.ts";
import { RecordReader, type RecordReaderOptions, RpcProtocolError } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex, words } from "../support/bytes.ts";

const LAST = 0x8000_0000;

function fragment(data: Uint8Array, isLast: boolean): Uint8Array {
  return concat(words((isLast ? LAST : 0) + data.length), data);
}

/** What a reader makes of a stream that arrives in chunks: its records, and what stopped it. */
function readAll(
  chunks: readonly Uint8Array[],
  options?: RecordReaderOptions,
): { records: string[]; code: string | undefined } {
  const reader = new RecordReader(options);
  const records: string[] = [];
  for (const chunk of chunks) {
    try {
      for (const record of reader.push(chunk)) records.push(hex(record));
    } catch (error) {
      if (!(error instanceof RpcProtocolError)) throw error;
      assert.is(error, reader.failure);
      break;
    }
    if (reader.failure !== undefined) break;
  }
  return { records, code: reader.failure?.code };
}

/** Cuts `stream` at the given places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (stream.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, i) => stream.slice(start, at[i] ?? stream.length));
}

test("RFC 5531 §11: a record of one fragment is a view of the chunk it came in", () => {
  const chunk = bytes("80000008 00000001 00000002");
  const [record, ...rest] = new RecordReader().push(chunk);
  assert.is(hex(record!), "00000001 00000002");
  assert.is(record!.buffer, chunk.buffer);
  assert.is(rest.length, 0);
});

test("RFC 5531 §11: fragments are joined until the one with the top bit set", () => {
  const stream = bytes("00000004 01020304 00000002 0506 80000003 070809");
  assert.equal(readAll([stream]), { records: ["01020304 05060708 09"], code: undefined });
});

test("many records in one chunk come out as one batch, oldest first", () => {
  const stream = concat(...[1, 2, 3].map((n) => fragment(words(n), true)));
  assert.equal(new RecordReader().push(stream).map(hex), ["00000001", "00000002", "00000003"]);
});

test("RFC 5531 §11: a record may be empty, and its last fragment, too", () => {
  assert.equal(readAll([bytes("80000000")]), { records: [""], code: undefined });
  assert.equal(readAll([bytes("00000001 aa 80000000")]), { records: ["aa"], code: undefined });
});

test("an empty fragment that is not the last is refused, so that nobody can send them for ever", () => {
  assert.equal(readAll([bytes("00000000")]), { records: [], code: "EMPTY_FRAGMENT" });
  assert.equal(readAll([bytes("00000001 aa 00000000")]), { records: [], code: "EMPTY_FRAGMENT" });
});

test("a record of just the limit passes, a byte more is refused at its header", () => {
  const options = { recordLimitBytes: 8 };
  assert.equal(readAll([fragment(words(1, 2), true)], options).code, undefined);
  assert.equal(readAll([words(LAST + 9)], options).code, "RECORD_TOO_LARGE");
  assert.equal(readAll([words(0x7fff_ffff)], options).code, "RECORD_TOO_LARGE");
});

test("fragments that are each small and together too large are refused", () => {
  const stream = concat(fragment(words(1), false), fragment(words(2), false), words(LAST + 1));
  assert.equal(readAll([stream], { recordLimitBytes: 8 }), { records: [], code: "RECORD_TOO_LARGE" });
});

test("a record of too many fragments is refused", () => {
  const one = fragment(bytes("aa"), false);
  const last = fragment(bytes("bb"), true);
  assert.equal(readAll([concat(one, one, last)], { fragmentsLimit: 3 }).code, undefined);
  assert.equal(readAll([concat(one, one, one, last)], { fragmentsLimit: 3 }).code, "TOO_MANY_FRAGMENTS");
});

test("records before a bad one come out first; the next push throws", () => {
  const reader = new RecordReader();
  const records = reader.push(concat(fragment(words(1), true), words(0)));
  assert.equal(records.map(hex), ["00000001"]);
  assert.is(reader.failure?.code, "EMPTY_FRAGMENT");
  assert.throws(
    () => reader.push(words(1)),
    (error: unknown) => error === reader.failure,
  );
});

test("a header that claims much makes the reader allocate only what arrives", () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 100 }, () => new RecordReader({ recordLimitBytes: 1 << 30 }));
  for (const one of readers) one.push(bytes("bfffffff 00"));
  assert.ok(process.memoryUsage().arrayBuffers - before < 10 * 1024 * 1024);
  assert.ok(readers.every((one) => one.isInsideRecord));
});

test("budget: unfinished records take from it, and give back when they are finished, given up or bad", () => {
  const budget = new ByteBudget(10_000);
  const begin = (): RecordReader => {
    const reader = new RecordReader({ budget });
    reader.push(concat(words(LAST + 6000), new Uint8Array(100)));
    return reader;
  };
  const finished = begin();
  const givenUp = begin();
  assert.throws(begin, (error: RpcProtocolError) => error.code === "NO_BUFFER_SPACE");
  assert.is(finished.push(new Uint8Array(1900)).length, 0);
  assert.throws(
    () => finished.push(new Uint8Array(4000)),
    (error: RpcProtocolError) => error.code === "NO_BUFFER_SPACE",
  );
  const another = begin();
  givenUp.close();
  assert.is(another.push(new Uint8Array(5900)).length, 1);
  assert.ok(budget.take(10_000));
});

test("isInsideRecord is true from the first byte of a record, even of its header, until its last", () => {
  const reader = new RecordReader();
  const states: boolean[] = [];
  for (const byte of bytes("00000001 aa 80000001 bb")) {
    reader.push(Uint8Array.of(byte));
    states.push(reader.isInsideRecord);
  }
  assert.equal(states, [true, true, true, true, true, true, true, true, true, false]);
});

test("a record that was returned stays as it is while the next ones are read", () => {
  const reader = new RecordReader();
  const first = cut(fragment(words(1, 2), true), [3, 6]).flatMap((chunk) => [...reader.push(chunk)]);
  const second = cut(fragment(words(3, 4), true), [3, 6]).flatMap((chunk) => [...reader.push(chunk)]);
  assert.equal([...first, ...second].map(hex), ["00000001 00000002", "00000003 00000004"]);
});

const recordsAndFragments = fc.array(
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 4 }),
  { maxLength: 12 },
);

test("however records are fragmented, and the stream is cut, they come out whole and in order", () => {
  fc.assert(
    fc.property(recordsAndFragments, fc.array(fc.nat(5000), { maxLength: 60 }), (records, places) => {
      const stream = concat(
        ...records.flatMap((parts) => parts.map((part, i) => fragment(part, i === parts.length - 1))),
      );
      const expected = records.map((parts) => hex(concat(...parts)));
      assert.equal(readAll(cut(stream, places)), { records: expected, code: undefined });
    }),
    { numRuns: 2000 },
  );
});

test("any bytes, cut in any way, give the same records and the same failure as in one piece", () => {
  const header = fc
    .tuple(fc.boolean(), fc.nat(30))
    .map(([last, length]) => words((last ? LAST : 0) + length));
  const anything = fc
    .array(fc.oneof(header, fc.uint8Array({ maxLength: 30 })), { maxLength: 20 })
    .map((parts) => concat(...parts));
  const options = { recordLimitBytes: 64, fragmentsLimit: 4 };
  fc.assert(
    fc.property(anything, fc.array(fc.nat(600), { maxLength: 60 }), (stream, places) => {
      assert.equal(readAll(cut(stream, places), options), readAll([stream], options));
    }),
    { numRuns: 2000 },
  );
});

test.run();
