import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CallHeader, CallStatus, encodeCallHeader } from "../../src/oncrpc/call-header.ts";
import {
  AcceptStat,
  MsgType,
  opaqueAuthCodec,
  ReplyStat,
  type RpcMsg,
  rpcMsgCodec,
} from "../../src/oncrpc/gen/rpc.ts";
import {
  encodeSuccessHeader,
  hasSuccessHeader,
  SUCCESS_HEADER_BYTES,
} from "../../src/oncrpc/reply-header.ts";
import { encodeXdr, XdrError, XdrReader, XdrWriter } from "../../src/xdr/index.ts";
import { arbitraryCall, arbitraryReply, nearly } from "../support/arbitrary-messages.ts";
import { bytes, concat, hex } from "../support/bytes.ts";

/** What the generated codec makes of the beginning of `message`, and where it stops. */
function decodePrefix(message: Uint8Array): { value: RpcMsg; end: number } | undefined {
  const reader = new XdrReader(message);
  try {
    const value = rpcMsgCodec.decode(reader);
    return { value, end: reader.position };
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}

test("a call header is written as the generated codec writes it", () => {
  fc.assert(
    fc.property(arbitraryCall, (message) => {
      if (message.body.mtype !== MsgType.CALL) throw new Error("not a call");
      const { cbody } = message.body;
      const writer = new XdrWriter(16);
      encodeCallHeader(writer, message.xid, cbody, encodeXdr(opaqueAuthCodec, cbody.cred));
      const verf = { flavor: 0, body: new Uint8Array(0) };
      const same: RpcMsg = { xid: message.xid, body: { mtype: MsgType.CALL, cbody: { ...cbody, verf } } };
      assert.is(hex(writer.view()), hex(encodeXdr(rpcMsgCodec, same)));
    }),
  );
});

function agrees(message: Uint8Array): void {
  const header = new CallHeader();
  const status = header.read(message);
  const decoded = decodePrefix(message);
  const call = decoded?.value.body.mtype === MsgType.CALL ? decoded.value.body.cbody : undefined;
  if (status !== CallStatus.OK) {
    assert.ok(call === undefined || (status === CallStatus.BAD_RPC_VERSION && call.rpcvers !== 2));
    return;
  }
  assert.ok(decoded !== undefined && call !== undefined);
  assert.equal(
    [header.xid, header.prog, header.vers, header.proc, header.credFlavor, header.argsStart],
    [decoded.value.xid, call.prog, call.vers, call.proc, call.cred.flavor, decoded.end],
  );
  assert.is(hex(message.slice(header.credStart, header.credEnd)), hex(call.cred.body));
}

test("a call header is read as the generated codec reads it, whatever the bytes", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        arbitraryCall.map((message) => encodeXdr(rpcMsgCodec, message)),
        arbitraryCall.chain((message) => nearly(encodeXdr(rpcMsgCodec, message))),
        arbitraryReply.map((message) => encodeXdr(rpcMsgCodec, message)),
        fc.uint8Array({ maxLength: 80 }),
      ),
      fc.uint8Array({ maxLength: 8 }),
      (message, args) => agrees(concat(message, args)),
    ),
    { numRuns: 5000 },
  );
});

test("a call header says which part of it is bad", () => {
  const read = (hexText: string): CallStatus => new CallHeader().read(bytes(hexText));
  const start = "00000001 00000000 00000002 00000001 00000001 00000001";
  assert.is(read(""), CallStatus.NOT_A_CALL);
  assert.is(read("00000001 00000001 00000002"), CallStatus.NOT_A_CALL);
  assert.is(read("00000001 00000000 00000003"), CallStatus.BAD_RPC_VERSION);
  assert.is(read(start), CallStatus.BAD_CREDENTIAL);
  assert.is(read(`${start} 00000000 00000000`), CallStatus.BAD_VERIFIER);
  assert.is(read(`${start} 00000000 00000000 00000000 00000000`), CallStatus.OK);
});

test("the header of a successful reply is written as the generated codec writes it", () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (xid) => {
      const writer = new XdrWriter(16);
      encodeSuccessHeader(writer, xid);
      const verf = { flavor: 0, body: new Uint8Array(0) };
      const areply = { verf, replyData: { stat: AcceptStat.SUCCESS } };
      const rbody = { stat: ReplyStat.MSG_ACCEPTED, areply };
      assert.is(
        hex(writer.view()),
        hex(encodeXdr(rpcMsgCodec, { xid, body: { mtype: MsgType.REPLY, rbody } })),
      );
      assert.is(writer.position, SUCCESS_HEADER_BYTES);
    }),
  );
});

test("a message is taken for a successful reply when the generated codec takes it for one", () => {
  const success = concat(bytes("12345678 00000001 00000000 00000000 00000000 00000000 00000007"));
  fc.assert(
    fc.property(
      fc.oneof(
        fc.constant(success),
        nearly(success),
        arbitraryReply.map((message) => encodeXdr(rpcMsgCodec, message)),
        fc.uint8Array({ maxLength: 40 }),
      ),
      (message) => {
        const body = decodePrefix(message)?.value.body;
        const isSuccess =
          body?.mtype === MsgType.REPLY &&
          body.rbody.stat === ReplyStat.MSG_ACCEPTED &&
          body.rbody.areply.replyData.stat === AcceptStat.SUCCESS &&
          body.rbody.areply.verf.flavor === 0 &&
          body.rbody.areply.verf.body.length === 0;
        assert.is(hasSuccessHeader(message), isSuccess);
      },
    ),
    { numRuns: 5000 },
  );
});

test.run();
