/** What a COMMAND entry of the log holds. */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  CommandDecoder,
  commandArgs,
  DELETE,
  encodeCommand,
  isWriteProc,
  PUT,
  stampCommand,
} from "../../src/kv/command.ts";
import {
  KV_DELETE,
  KV_GET,
  KV_PUT,
  type KvCondition,
  KvWhen,
  kvDeleteArgsCodec,
  kvPutArgsCodec,
} from "../../src/kv/gen/kv.ts";
import { encodeXdr, XdrError } from "../../src/xdr/index.ts";

const bytes = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });
const condition: fc.Arbitrary<KvCondition> = fc.oneof(
  fc.constant({ when: KvWhen.KV_ALWAYS }),
  fc.record({ when: fc.constant(KvWhen.KV_IF_REVISION), modRevision: fc.maxSafeNat() }),
);
const deleteArgs = fc.record({
  session: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  sequence: fc.maxSafeNat(),
  key: bytes(40),
  condition,
});
const putArgs = fc.record({
  session: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  sequence: fc.maxSafeNat(),
  key: bytes(40),
  value: bytes(200),
  condition,
});

test("the numbers of the writes are those of the KV program", () => {
  assert.equal([PUT, DELETE], [KV_PUT.proc, KV_DELETE.proc]);
  assert.ok(isWriteProc(KV_PUT.proc) && isWriteProc(KV_DELETE.proc));
  assert.is(isWriteProc(KV_GET.proc), false);
});

test("a command is eight bytes of time, the procedure, and the client's own argument bytes", () => {
  const args = encodeXdr(kvDeleteArgsCodec, {
    session: Buffer.from("sessionX"),
    sequence: 2,
    key: Buffer.from("k"),
    condition: { when: KvWhen.KV_ALWAYS },
  });
  const command = encodeCommand(DELETE, args);
  stampCommand(command, 0x0012_3456_789a);
  assert.is(command.subarray(0, 12).toString("hex"), "0000" + "00123456789a" + "00000003");
  assert.equal(Uint8Array.from(commandArgs(command)), args);
});

test("the argument bytes are copied: they go with the call", () => {
  const args = encodeXdr(kvDeleteArgsCodec, {
    session: new Uint8Array(8),
    sequence: 2,
    key: Buffer.from("k"),
    condition: { when: KvWhen.KV_ALWAYS },
  });
  const command = encodeCommand(DELETE, args);
  stampCommand(command, 1);
  args.fill(0xff);
  assert.is(new CommandDecoder().decode(command).args.sequence, 2);
});

test("a put comes back as it was", () => {
  const decoder = new CommandDecoder();
  fc.assert(
    fc.property(putArgs, fc.maxSafeNat(), (args, logTimeMs) => {
      const command = encodeCommand(PUT, encodeXdr(kvPutArgsCodec, args));
      stampCommand(command, logTimeMs);
      assert.equal(plain(decoder.decode(command)), plain({ logTimeMs, proc: PUT, args }));
    }),
  );
});

test("a delete comes back as it was, also stamped for the second time", () => {
  const decoder = new CommandDecoder();
  fc.assert(
    fc.property(deleteArgs, fc.maxSafeNat(), fc.maxSafeNat(), (args, firstMs, logTimeMs) => {
      const command = encodeCommand(DELETE, encodeXdr(kvDeleteArgsCodec, args));
      stampCommand(command, firstMs);
      stampCommand(command, logTimeMs);
      assert.equal(plain(decoder.decode(command)), plain({ logTimeMs, proc: DELETE, args }));
    }),
  );
});

test("the decoder throws nothing but XdrError on any bytes (DESIGN §9)", () => {
  const decoder = new CommandDecoder();
  const nearlyCommands = fc
    .tuple(putArgs, fc.nat(), fc.nat(255), fc.nat(300))
    .map(([args, at, byte, end]) => {
      const command = encodeCommand(PUT, encodeXdr(kvPutArgsCodec, args));
      stampCommand(command, 5);
      command[at % command.length] = byte;
      return command.subarray(0, end);
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), nearlyCommands), (some) => {
      try {
        decoder.decode(some);
      } catch (error) {
        assert.instance(error, XdrError);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a command with another procedure, or with bytes left over, is none", () => {
  const decoder = new CommandDecoder();
  const args = encodeXdr(kvDeleteArgsCodec, {
    session: new Uint8Array(8),
    sequence: 0,
    key: Buffer.from("k"),
    condition: { when: KvWhen.KV_ALWAYS },
  });
  const command = encodeCommand(DELETE, args);
  stampCommand(command, 1);
  const longer = Buffer.concat([command, Buffer.alloc(4)]);
  assert.throws(() => decoder.decode(longer), /command/);
  command.writeUInt32BE(2, 8);
  assert.throws(() => decoder.decode(command), /no write has the procedure number 2/);
});

/** Byte strings compare by their bytes, of whatever class they are. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) =>
      item instanceof Uint8Array ? Buffer.from(item).toString("hex") : item,
    ),
  );
}

test.run();
