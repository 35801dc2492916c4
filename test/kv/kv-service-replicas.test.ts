/** On how many disks is a revision? KV_REPLICAS, asked of the leader and of others (idl/kv.x). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KV_REPLICAS,
  KV_WAIT_MAX_MS,
  type KvReplicasRes,
  KvStatus,
  kvReplicasArgsCodec,
  kvReplicasResCodec,
} from "../../src/kv/gen/kv.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { KvServiceBench as Bench, failure, HEADER, settled } from "./support/kv-service-bench.ts";

test("the leader counts replicas of all it has applied, and waits at most as long as anyone may", async () => {
  const bench = new Bench();
  bench.fill("a", "b");
  const { result } = await settled(bench.service.replicas({ revision: 2, waitMs: 4_000_000 }));
  assert.equal(result, { status: KvStatus.KV_OK, ok: { replicas: 3, members: 3 } });
  assert.equal(bench.counted, [{ index: 0, waitMs: KV_WAIT_MAX_MS }]);
  bench.count = null;
  const deposed = await settled(bench.service.replicas({ revision: 2, waitMs: 0 }));
  assert.equal(deposed.result, failure(KvStatus.KV_UNAVAILABLE));
});

test("a revision that the leader has not reached yet: first it makes sure that it knows the latest", async () => {
  const bench = new Bench();
  bench.onPass = () => bench.fill("a");
  const reached = await settled(bench.service.replicas({ revision: 1, waitMs: 0 }));
  assert.is(
    reached.result.status,
    KvStatus.KV_OK,
    "a new leader had not applied it, though it was acknowledged",
  );
  bench.onPass = () => {};
  const future = await settled(bench.service.replicas({ revision: 2, waitMs: 0 }));
  assert.equal(future.result, failure(KvStatus.KV_FUTURE_REVISION));
  bench.passes = false;
  const cutOff = await settled(bench.service.replicas({ revision: 2, waitMs: 0 }));
  assert.equal(cutOff.result, failure(KvStatus.KV_UNAVAILABLE));
});

/** A follower's question for replicas, with the leader's answers one by one. */
class FollowerBench extends Bench {
  override role = "follower" as const;
  override leader = 2;
  res: KvReplicasRes | undefined;

  ask(waitMs: number): void {
    void Promise.resolve(this.service.replicas({ revision: 1, waitMs })).then((res) => {
      this.res = res;
    });
  }

  asked(at: number): { readonly revision: number; readonly waitMs: number } {
    const { leader, args } = this.line.forwards[at]!;
    assert.equal([leader, args.proc], [2, KV_REPLICAS.proc]);
    return decodeXdr(kvReplicasArgsCodec, args.args);
  }

  async answerOk(at: number, replicas: number): Promise<void> {
    const result = { status: KvStatus.KV_OK, ok: { replicas, members: 3 } } as const;
    const header = { ...HEADER, server: 2 };
    this.line.forwards[at]!.answer(encodeXdr(kvReplicasResCodec, { header, result }));
    await this.clock.advance(0);
  }
}

test("a follower asks the leader for replicas", async () => {
  const bench = new FollowerBench();
  bench.ask(0);
  assert.equal(bench.asked(0), { revision: 1, waitMs: 0 });
  await bench.answerOk(0, 2);
  assert.equal(bench.res?.result, { status: KvStatus.KV_OK, ok: { replicas: 2, members: 3 } });
});

test("a follower waits in steps, since a connection on which nothing comes for long is given up", async () => {
  const bench = new FollowerBench();
  bench.ask(1_200);
  const waits: number[] = [];
  for (let at = 0; at < 3; at++) {
    const { waitMs } = bench.asked(at);
    waits.push(waitMs);
    await bench.clock.advance(waitMs);
    assert.is(bench.res, undefined);
    await bench.answerOk(at, 2);
  }
  assert.equal(waits, [500, 500, 200]);
  assert.equal(bench.res?.result, { status: KvStatus.KV_OK, ok: { replicas: 2, members: 3 } });
  assert.is(bench.line.forwards.length, 3);
});

test("a follower stops waiting when it is on all disks", async () => {
  const bench = new FollowerBench();
  bench.ask(60_000);
  await bench.clock.advance(100);
  await bench.answerOk(0, 3);
  assert.equal(bench.res?.result, { status: KvStatus.KV_OK, ok: { replicas: 3, members: 3 } });
});

test("no leader, one that does not lead, and one that does not answer: KV_UNAVAILABLE", async () => {
  const alone = new FollowerBench();
  alone.leader = 0 as 2;
  alone.ask(1_000);
  const deposed = new FollowerBench();
  deposed.ask(1_000);
  deposed.line.forwards[0]!.answer(null);
  const silent = new FollowerBench();
  silent.ask(1_000);
  silent.line.forwards[0]!.fail(new Error("no answer"));
  for (const bench of [alone, deposed, silent]) {
    await bench.clock.advance(0);
    assert.equal(bench.res?.result, failure(KvStatus.KV_UNAVAILABLE));
  }
});

test.run();
