import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ByteStream, type MemoryStreamOptions, memoryStreamPair } from "../../src/oncrpc/index.ts";
import { hex } from "../support/bytes.ts";
import { turns } from "../support/until.ts";

/** What happens at one end, in order. */
function record(stream: ByteStream): string[] {
  const events: string[] = [];
  stream.start({
    onData: (chunk) => events.push(`data ${hex(chunk)}`),
    onDrain: () => events.push("drain"),
    onEnd: () => events.push("end"),
    onClose: (error) => events.push(error === undefined ? "close" : `close ${error.message}`),
  });
  return events;
}

function pair(options?: MemoryStreamOptions): {
  one: ByteStream;
  two: ByteStream;
  atOne: string[];
  atTwo: string[];
} {
  const [one, two] = memoryStreamPair(options);
  return { one, two, atOne: record(one), atTwo: record(two) };
}

test("what is written arrives in a later turn, in order, and may be overwritten meanwhile", async () => {
  const { one, atTwo } = pair();
  const data = Uint8Array.of(1, 2);
  assert.ok(one.write(data));
  data.fill(0xff);
  one.write(Uint8Array.of(3));
  assert.equal(atTwo, []);
  await turns();
  assert.equal(atTwo, ["data 0102", "data 03"]);
});

test("chunkBytes cuts what is written", async () => {
  const { one, atTwo } = pair({ chunkBytes: 2 });
  one.write(Buffer.from([1, 2, 3, 4, 5]));
  await turns();
  assert.equal(atTwo, ["data 0102", "data 0304", "data 05"]);
});

test("a paused end receives nothing until it is resumed; the writer is told when there is room again", async () => {
  const { one, two, atOne, atTwo } = pair({ windowBytes: 2 });
  two.pause();
  assert.is(one.write(Uint8Array.of(1, 2)), true);
  assert.is(one.write(Uint8Array.of(3)), false);
  one.end();
  await turns();
  assert.equal([atOne, atTwo], [[], []]);
  two.resume();
  await turns();
  assert.equal([atOne, atTwo], [["drain"], ["data 0102", "data 03", "end"]]);
});

test("a paused end does not see the other's end until it is resumed", async () => {
  const { one, two, atTwo } = pair();
  two.pause();
  one.end();
  await turns();
  assert.equal(atTwo, []);
  two.resume();
  await turns();
  assert.equal(atTwo, ["end"]);
});

test("each side ends for itself; when both have, both are closed", async () => {
  const { one, two, atOne, atTwo } = pair();
  one.write(Uint8Array.of(1));
  one.end();
  await turns();
  assert.equal(atTwo, ["data 01", "end"]);
  two.write(Uint8Array.of(2));
  two.end();
  await turns();
  assert.equal(atOne, ["data 02", "end", "close"]);
  assert.equal(atTwo, ["data 01", "end", "close"]);
});

test("destroy closes both sides at once; the other sees a reset", async () => {
  const { one, two, atOne, atTwo } = pair();
  two.write(Uint8Array.of(1));
  one.destroy();
  two.write(Uint8Array.of(2));
  one.end();
  await turns();
  assert.equal([atOne, atTwo], [["close"], ["close read ECONNRESET"]]);
});

test.run();
