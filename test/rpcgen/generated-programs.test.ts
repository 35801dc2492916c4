/** What comes out of programs: procedures, clients and dispatch tables. The types are checked by `tsc`. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CallContext, CallOptions, Procedure, RpcCaller } from "../../src/oncrpc/procedure.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { Kind, ORDER_GET, OrderV1Client } from "../golden/order.ts";
import {
  Color,
  type MaybePoint,
  type Shape,
  ZOO_INT,
  ZOO_NULL_1,
  ZOO_NULL_2,
  ZOO_PROG,
  ZOO_SEVERAL,
  ZOO_V1,
  ZooInlineResult,
  ZooV1Client,
  type ZooV1Handlers,
  zooSeveralArgsCodec,
  zooV1Service,
  zooV2Service,
} from "../golden/zoo.ts";

/** Writes down what is called and answers the result that it is given. */
class RecordingCaller implements RpcCaller {
  readonly calls: unknown[][] = [];
  private readonly results: unknown[];

  constructor(...results: unknown[]) {
    this.results = results;
  }

  call<Args, Result>(procedure: Procedure<Args, Result>, args: Args, options?: CallOptions): Promise<Result> {
    this.calls.push([procedure.name, args, options]);
    return Promise.resolve(this.results.shift() as Result);
  }
}

/** Generated code only passes it on. */
const context = { peer: "127.0.0.1:1" } as CallContext;

const same = <T>(args: T): T => args;

const handlers: ZooV1Handlers = {
  null() {},
  int: (args) => args + 1,
  uint: same,
  hyper: async (args) => args * 2n,
  uhyper: same,
  float: same,
  double: same,
  quadruple: same,
  bool: (args) => !args,
  enum: same,
  struct: ({ x, y }) => ({ x: y, y: x }),
  union: same,
  typedef: (args) => Buffer.from(args).toString(),
  several: (a, b, point, ints, maybe, { peer }) => {
    assert.is(peer, context.peer);
    return maybe ?? { x: a + Number(b) + point.x, y: ints.length };
  },
  inline: ({ a }) => (a > 0 ? ZooInlineResult.YES : ZooInlineResult.NO),
};

test("RFC 5531 §12: a procedure has the numbers and the name that the .x file gives it", () => {
  const { name, prog, vers, proc } = ZOO_INT;
  assert.equal({ name, prog, vers, proc }, { name: "ZOO_INT", prog: 0x20000000, vers: 1, proc: 1 });
  assert.equal([ZOO_PROG, ZOO_V1], [0x20000000, 1]);
});

test("RFC 5531 §12.3 (3): procedures of one name in two versions are told apart by the version's number", () => {
  assert.equal([ZOO_NULL_1.name, ZOO_NULL_1.vers], ["ZOO_NULL", 1]);
  assert.equal([ZOO_NULL_2.name, ZOO_NULL_2.vers], ["ZOO_NULL", 2]);
});

test("a definition may stand before what it needs, and the module still loads", async () => {
  const answers = new OrderV1Client(new RecordingCaller({ kind: Kind.SMALL, data: new Uint8Array(2) }));
  assert.equal(await answers.get([1]), { kind: Kind.SMALL, data: new Uint8Array(2) });
  assert.equal(encodeXdr(ORDER_GET.args, [1]), new Uint8Array([0, 0, 0, 1, 0, 0, 0, 1]));
});

test("a client passes the procedure, its arguments and options to the caller", async () => {
  const caller = new RecordingCaller(undefined, 7, { x: 1, y: 2 });
  const client = new ZooV1Client(caller);
  const options = { timeoutMs: 5 };
  assert.is(await client.null(options), undefined);
  assert.is(await client.int(3), 7);
  assert.equal(await client.several(1, 2n, { x: 3, y: 4 }, [5], null), { x: 1, y: 2 });
  assert.equal(caller.calls, [
    ["ZOO_NULL", undefined, options],
    ["ZOO_INT", 3, undefined],
    ["ZOO_SEVERAL", { arg1: 1, arg2: 2n, arg3: { x: 3, y: 4 }, arg4: [5], arg5: null }, undefined],
  ]);
});

test("several arguments are encoded one behind the other", () => {
  const args = { arg1: 1, arg2: 2n, arg3: { x: 3, y: 4 }, arg4: [5], arg5: null };
  const bytes = encodeXdr(zooSeveralArgsCodec, args);
  const words = ["00000001", "0000000000000002", "00000003", "00000004", "00000001", "00000005", "00000000"];
  assert.is(Buffer.from(bytes).toString("hex"), words.join(""));
  assert.equal(decodeXdr(ZOO_SEVERAL.args, bytes), args);
});

test("a dispatch table leads from the number of a procedure to its handler", async () => {
  const service = zooV1Service(handlers);
  const { name, prog, vers } = service;
  assert.equal({ name, prog, vers }, { name: "ZOO_V1", prog: ZOO_PROG, vers: 1 });
  assert.equal(
    [...service.procedures.keys()],
    Array.from({ length: 15 }, (_, number) => number),
  );
  for (const [number, { procedure }] of service.procedures) assert.is(procedure.proc, number);

  const answer = (number: number, args: unknown): unknown =>
    service.procedures.get(number)?.handler(args, context);
  assert.is(answer(0, undefined), undefined);
  assert.is(answer(1, 41), 42);
  assert.is(await answer(3, 21n), 42n);
  assert.is(answer(8, true), false);
  assert.equal(answer(10, { x: 1, y: 2 }), { x: 2, y: 1 });
  const several = { arg1: 1, arg2: 2n, arg3: { x: 3, y: 4 }, arg4: [5], arg5: null };
  assert.equal(answer(13, several), { x: 6, y: 1 });
  assert.is(answer(14, { a: -1 }), ZooInlineResult.NO);
});

test("a table can be made of a class, whose methods know their object", () => {
  class Counter {
    count = 0;
    null(): void {
      this.count += 1;
    }
  }
  const counter = new Counter();
  zooV2Service(counter).procedures.get(0)?.handler(undefined, context);
  assert.is(counter.count, 1);
});

test("the types lead from the discriminant of a union to its arm", () => {
  const shape: Shape = { which: Color.GREEN, corner: { x: 1, y: 2 } };
  const describe = (value: Shape): number => (value.which === Color.RED ? 0 : value.corner.x);
  assert.is(describe(shape), 1);
  // @ts-expect-error: RED has no corner
  const wrong: Shape = { which: Color.RED, corner: { x: 1, y: 2 } };
  assert.is(describe(wrong), 0);
  // @ts-expect-error: an optional is null, never undefined
  const missing: MaybePoint = undefined;
  assert.is(missing, undefined);
  // @ts-expect-error: 3 is no member of the enum
  const color: Color = 3;
  assert.is(color, 3);
});

test("the types hold handlers to their procedures", () => {
  // @ts-expect-error: the result of ZOO_INT is a number
  const wrong: ZooV1Handlers = { ...handlers, int: () => "1" };
  assert.is(zooV1Service(wrong).procedures.size, 15);
});

test.run();
