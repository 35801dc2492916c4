/** The KV program: arguments that are refused, and every status that a call can end with (idl/kv.x). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KV_REPLICAS,
  KV_WAIT_MAX_MS,
  KvConsistency,
  type KvDeleteArgs,
  type KvPutArgs,
  type KvRangeArgs,
  type KvReplicasRes,
  KvRole,
  KvStatus,
  KvWhen,
  kvPutResCodec,
  kvReplicasArgsCodec,
  kvReplicasResCodec,
} from "../../src/kv/gen/kv.ts";
import { KvService } from "../../src/kv/kv-service.ts";
import { Membership } from "../../src/kv/membership.ts";
import { openStateMachine } from "../../src/kv/open-state-machine.ts";
import type { ReplicaCount } from "../../src/kv/replica-counter.ts";
import { statusText } from "../../src/kv/status-text.ts";
import { MemoryRecordStore } from "../../src/kv/store/memory-record-store.ts";
import { refusedWrite, type WriteOutcome } from "../../src/kv/write-outcome.ts";
import type { WriteAnswer } from "../../src/kv/write-queue.ts";
import type { CallContext } from "../../src/oncrpc/procedure.ts";
import type { RaftStatus } from "../../src/raft/index.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";
import { StubLine } from "./support/stub-line.ts";

const MEMBERS = [1, 2, 3].map((server) => ({ server, incarnation: server, address: `s${server}:9` }));
const CLUSTER = { id: 55, members: MEMBERS };

/** The service of server 1, with the parts around it in the hands of the test. */
class Bench {
  readonly machine = openStateMachine(new MemoryRecordStore());
  readonly line = new StubLine();
  readonly clock = new SimulatedClock();
  role: RaftStatus["role"] = "leader";
  leader = 1;
  passes = true;
  /** Called when a reader has passed, for what happens meanwhile. */
  onPass = (): void => {};
  answer: WriteAnswer = refusedWrite(KvStatus.KV_BUSY);
  count: ReplicaCount | null = { replicas: 3, members: 3 };
  diskFull = false;
  readonly submitted: {
    readonly proc: number;
    readonly exactlyOnce: boolean;
    readonly argBytes: Uint8Array;
  }[] = [];
  readonly counted: { readonly index: number; readonly waitMs: number }[] = [];
  readonly service: KvService;

  constructor() {
    const bench = this;
    this.service = new KvService({
      raft: {
        get role() {
          return bench.role;
        },
        get leader() {
          return bench.leader;
        },
        term: 4,
        status: () => this.raftStatus(),
      },
      machine: this.machine,
      membership: new Membership({ ...MEMBERS[0]!, cluster: CLUSTER }, CLUSTER, () => Promise.resolve()),
      writes: {
        submit: (proc, argBytes, exactlyOnce) => {
          this.submitted.push({ proc, exactlyOnce, argBytes });
          return Promise.resolve(this.answer);
        },
      },
      reads: {
        pass: () => {
          this.onPass();
          return Promise.resolve(this.passes);
        },
      },
      replicas: {
        count: (index, waitMs) => {
          this.counted.push({ index, waitMs });
          return Promise.resolve(this.count);
        },
      },
      line: this.line,
      clock: new ProcessClock(this.clock, 0),
      limits: { valueBytes: 16, rangeBytes: 40 },
      isReachable: (server) => server === 2,
      isDiskFull: () => this.diskFull,
    });
  }

  /** Makes the revision 1, 2, …, with the first index of the log that has it. */
  fill(...keys: readonly string[]): void {
    for (const key of keys) this.machine.store.put(Buffer.from(key), Buffer.from(`${key}!`));
  }

  put(changes: Partial<KvPutArgs> = {}): Promise<Settled> {
    const args = { ...DELETE_ARGS, value: Buffer.from("value"), ...changes };
    return settled(this.service.put(args, CONTEXT));
  }

  delete(changes: Partial<KvDeleteArgs> = {}): Promise<Settled> {
    return settled(this.service.delete({ ...DELETE_ARGS, ...changes }, CONTEXT));
  }

  get(key: string, revision: number = 0, consistency: KvConsistency = 0): Promise<Settled> {
    return settled(this.service.get({ key: Buffer.from(key), revision, consistency }));
  }

  range(changes: Partial<KvRangeArgs> = {}): Promise<Settled> {
    const all = { start: EMPTY, end: EMPTY, limit: 0, revision: 0, consistency: 0 as const };
    return settled(this.service.range({ ...all, ...changes }));
  }

  private raftStatus(): RaftStatus {
    const { role, leader } = this;
    const matchIndex = new Map(
      role === "leader"
        ? ([
            [1, 8],
            [2, 8],
            [3, 6],
          ] as const)
        : [],
    );
    return { id: 1, role, term: 4, leader, lastIndex: 8, commitIndex: 7, matchIndex };
  }
}

const EMPTY = new Uint8Array(0);
const DELETE_ARGS: KvDeleteArgs = {
  session: new Uint8Array(8),
  sequence: 0,
  key: Buffer.from("k"),
  condition: { when: KvWhen.KV_ALWAYS },
};

const CONTEXT: CallContext = {
  peer: "test",
  xid: 1,
  credential: { flavor: "none" },
  argBytes: Uint8Array.of(1, 2, 3, 4),
  onGone: () => () => {},
};

// biome-ignore lint/suspicious/noExplicitAny: the results of all procedures are looked at alike
type Settled = { readonly header: any; readonly result: any };

async function settled(res: Settled | Promise<Settled>): Promise<Settled> {
  const { header, result } = await res;
  return { header, result };
}

const HEADER = { cluster: 55, server: 1, term: 4, revision: 0 };

function failure(status: KvStatus, message: string = statusText(status)): Settled["result"] {
  return { status, message };
}

test("an empty key is invalid, for reads and for writes, and nothing is asked of anyone", async () => {
  const bench = new Bench();
  const message = "a key has at least one byte";
  for (const { header, result } of [
    await bench.put({ key: EMPTY }),
    await bench.delete({ key: EMPTY }),
    await bench.get(""),
    await bench.get("", 0, KvConsistency.KV_SERIALIZABLE),
  ]) {
    assert.equal(header, HEADER);
    assert.equal(result, failure(KvStatus.KV_INVALID, message));
  }
  assert.is(bench.submitted.length, 0);
});

test("a value over this server's limit is too large; one at the limit is not", async () => {
  const bench = new Bench();
  const { result } = await bench.put({ value: new Uint8Array(17) });
  assert.equal(result, failure(KvStatus.KV_TOO_LARGE, "the value has 17 bytes; this server takes 16"));
  assert.is(bench.submitted.length, 0);
  await bench.put({ value: new Uint8Array(16) });
  assert.is(bench.submitted.length, 1);
});

test("a write goes on as the bytes that came; eight zero bytes are no session", async () => {
  const bench = new Bench();
  await bench.put();
  await bench.delete({ session: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1) });
  assert.equal(bench.submitted, [
    { proc: 1, exactlyOnce: false, argBytes: CONTEXT.argBytes },
    { proc: 3, exactlyOnce: true, argBytes: CONTEXT.argBytes },
  ]);
});

test("a write that was applied tells the revision it made, and the one before", async () => {
  const bench = new Bench();
  const done: WriteOutcome = { status: KvStatus.KV_OK, revision: 9, prevRevision: 5, keyVersion: 3 };
  bench.answer = done;
  assert.equal((await bench.put()).result, {
    status: KvStatus.KV_OK,
    ok: { revision: 9, prevRevision: 5, keyVersion: 3 },
  });
  assert.equal((await bench.delete()).result, {
    status: KvStatus.KV_OK,
    ok: { revision: 9, prevRevision: 5 },
  });
});

test("a condition that does not hold tells what the key's revision is", async () => {
  const bench = new Bench();
  bench.answer = refusedWrite(KvStatus.KV_CONFLICT, 12);
  for (const { result } of [await bench.put(), await bench.delete()]) {
    assert.equal(result, { status: KvStatus.KV_CONFLICT, modRevision: 12 });
  }
});

test("every other end of a write comes with its status and a line for people", async () => {
  const bench = new Bench();
  for (const status of [
    KvStatus.KV_NOT_FOUND,
    KvStatus.KV_NO_SPACE,
    KvStatus.KV_BUSY,
    KvStatus.KV_UNAVAILABLE,
    KvStatus.KV_UNCERTAIN,
    KvStatus.KV_SESSION_EXPIRED,
    KvStatus.KV_SEQUENCE_OLD,
  ]) {
    bench.answer = refusedWrite(status);
    assert.equal((await bench.put()).result, failure(status));
    assert.equal((await bench.delete()).result, failure(status));
    assert.ok(statusText(status).length > 0);
  }
});

test("the leader's answer to a call that was handed over is passed on, with the leader's header", async () => {
  const bench = new Bench();
  const header = { cluster: 55, server: 2, term: 6, revision: 30 };
  const result = { status: KvStatus.KV_OK, ok: { revision: 30, prevRevision: 0, keyVersion: 1 } } as const;
  bench.answer = encodeXdr(kvPutResCodec, { header, result });
  assert.equal(await bench.put(), { header, result });
});

test("a read returns the pair, as of now or as of a revision", async () => {
  const bench = new Bench();
  bench.fill("a", "b", "a");
  const now = await bench.get("a");
  assert.equal(now.header, { ...HEADER, revision: 3 });
  assert.is(Buffer.from(now.result.pair.value).toString(), "a!");
  assert.equal(
    [now.result.pair.createRevision, now.result.pair.modRevision, now.result.pair.keyVersion],
    [1, 3, 2],
  );
  const then = await bench.get("a", 2);
  assert.is(then.result.pair.modRevision, 1);
  assert.equal((await bench.get("b", 1)).result, failure(KvStatus.KV_NOT_FOUND));
  assert.equal((await bench.get("zz")).result, failure(KvStatus.KV_NOT_FOUND));
});

test("a revision that the store has not reached", async () => {
  const bench = new Bench();
  bench.fill("a");
  assert.equal((await bench.get("a", 2)).result, failure(KvStatus.KV_FUTURE_REVISION));
  assert.equal((await bench.range({ revision: 2 })).result, failure(KvStatus.KV_FUTURE_REVISION));
  assert.equal(
    (await bench.get("a", 2, KvConsistency.KV_SERIALIZABLE)).result.status,
    KvStatus.KV_FUTURE_REVISION,
  );
});

test("a linearizable read that cannot be confirmed is refused; a serializable one goes on (DESIGN §7)", async () => {
  const bench = new Bench();
  bench.fill("a");
  bench.passes = false;
  assert.equal((await bench.get("a")).result, failure(KvStatus.KV_UNAVAILABLE));
  assert.equal((await bench.range()).result, failure(KvStatus.KV_UNAVAILABLE));
  const { KV_SERIALIZABLE } = KvConsistency;
  assert.is((await bench.get("a", 0, KV_SERIALIZABLE)).result.status, KvStatus.KV_OK);
  assert.is((await bench.range({ consistency: KV_SERIALIZABLE })).result.status, KvStatus.KV_OK);
});

test("a read sees what was applied while it waited", async () => {
  const bench = new Bench();
  bench.onPass = () => bench.fill("a");
  const { header, result } = await bench.get("a");
  assert.is(result.status, KvStatus.KV_OK);
  assert.is(header.revision, 1);
});

test("a range stops at the limit of pairs or of bytes, and says that there is more", async () => {
  const bench = new Bench();
  bench.fill("a", "b", "c", "d");
  const keys = ({ result }: Settled): string =>
    result.ok.pairs.map(({ key }: { key: Uint8Array }) => Buffer.from(key).toString()).join("");
  const all = await bench.range();
  assert.equal([keys(all), all.result.ok.more, all.result.ok.revision], ["abcd", false, 4]);
  const two = await bench.range({ limit: 2, start: Buffer.from("b") });
  assert.equal([keys(two), two.result.ok.more], ["bc", true]);
  const old = await bench.range({ revision: 2 });
  assert.equal([keys(old), old.result.ok.revision], ["ab", 2]);
  bench.fill("e".repeat(30), "f".repeat(30));
  const large = await bench.range({ start: Buffer.from("d") });
  assert.equal([keys(large), large.result.ok.more], ["d", true]);
  const single = await bench.range({ start: Buffer.from("e") });
  assert.equal([keys(single).length, single.result.ok.more], [30, true], "at least one, whatever its size");
});

test("a range of none: the end is not behind the start", async () => {
  const bench = new Bench();
  bench.fill("a", "b");
  for (const [start, end] of [
    ["b", "a"],
    ["b", "b"],
    ["x", "z"],
  ] as const) {
    const { result } = await bench.range({ start: Buffer.from(start), end: Buffer.from(end) });
    assert.equal([result.status, result.ok.pairs.length, result.ok.more], [KvStatus.KV_OK, 0, false]);
  }
});

test("the status of a leader shows how far each member is, of a follower not", () => {
  const bench = new Bench();
  bench.fill("a");
  const { header, status } = bench.service.status();
  assert.equal(header, { ...HEADER, revision: 1 });
  assert.equal(
    [status.role, status.leader, status.lastIndex, status.commitIndex],
    [KvRole.KV_LEADER, 1, 8, 7],
  );
  assert.equal([status.keys, status.alarms], [1, 0]);
  assert.equal(status.members, [
    { server: 1, address: "s1:9", reachable: true, matchIndex: 8 },
    { server: 2, address: "s2:9", reachable: true, matchIndex: 8 },
    { server: 3, address: "s3:9", reachable: false, matchIndex: 6 },
  ]);
  bench.role = "candidate";
  bench.diskFull = true;
  const other = bench.service.status().status;
  assert.equal([other.role, other.alarms, other.members[2]!.matchIndex], [KvRole.KV_CANDIDATE, 1, 0]);
});

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
