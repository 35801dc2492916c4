import fc from "fast-check";
import {
  AcceptStat,
  AuthStat,
  MsgType,
  type OpaqueAuth,
  RejectStat,
  ReplyStat,
  type RpcMsg,
} from "../../src/oncrpc/gen/rpc.ts";

const uint32 = fc.nat(0xffff_ffff);

const opaqueAuth: fc.Arbitrary<OpaqueAuth> = fc.record({
  flavor: fc.oneof(fc.constantFrom(0, 1, 6, 7), fc.integer()),
  body: fc.uint8Array({ maxLength: 400, size: "medium" }),
});

const mismatch = fc.record({ low: uint32, high: uint32 });

const call: fc.Arbitrary<RpcMsg> = fc.record({
  xid: uint32,
  body: fc.record({
    mtype: fc.constant(MsgType.CALL),
    cbody: fc.record({
      rpcvers: fc.constant(2),
      prog: uint32,
      vers: uint32,
      proc: uint32,
      cred: opaqueAuth,
      verf: opaqueAuth,
    }),
  }),
});

const replyData = fc.oneof(
  fc.record({ stat: fc.constant(AcceptStat.SUCCESS) }),
  fc.record({ stat: fc.constant(AcceptStat.PROG_MISMATCH), mismatch }),
  fc.record({
    stat: fc.constantFrom(
      AcceptStat.PROG_UNAVAIL,
      AcceptStat.PROC_UNAVAIL,
      AcceptStat.GARBAGE_ARGS,
      AcceptStat.SYSTEM_ERR,
    ),
  }),
);

const rejectedReply = fc.oneof(
  fc.record({ stat: fc.constant(RejectStat.RPC_MISMATCH), mismatch }),
  fc.record({
    stat: fc.constant(RejectStat.AUTH_ERROR),
    authError: fc.constantFrom(...Object.values(AuthStat)),
  }),
);

const emptyVerf: fc.Arbitrary<OpaqueAuth> = fc.constant({ flavor: 0, body: new Uint8Array(0) });

const reply: fc.Arbitrary<RpcMsg> = fc.record({
  xid: uint32,
  body: fc.record({
    mtype: fc.constant(MsgType.REPLY),
    rbody: fc.oneof(
      fc.record({
        stat: fc.constant(ReplyStat.MSG_ACCEPTED),
        areply: fc.record({ verf: fc.oneof(emptyVerf, opaqueAuth), replyData }),
      }),
      fc.record({ stat: fc.constant(ReplyStat.MSG_DENIED), rreply: rejectedReply }),
    ),
  }),
});

/** Messages of RFC 5531 §9. */
export const arbitraryCall: fc.Arbitrary<RpcMsg> = call;
export const arbitraryReply: fc.Arbitrary<RpcMsg> = reply;

/** Bytes that nearly are `original`: some changed, some cut off. */
export function nearly(original: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(Math.max(0, original.length - 1)), fc.nat(255));
  return fc
    .tuple(fc.array(change, { maxLength: 3 }), fc.option(fc.nat(original.length)))
    .map(([changes, end]) => {
      const copy = original.slice(0, end ?? original.length);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });
}
