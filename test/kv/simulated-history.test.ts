/** The checkers of the simulation, on histories and servers that are broken on purpose (DESIGN §9). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import { MemoryRecordStore } from "../../src/kv/store/memory-record-store.ts";
import { MvccStore } from "../../src/kv/store/mvcc-store.ts";
import { SimulatedCluster } from "../support/simulated-cluster.ts";
import { type ReadEnd, SimulatedHistory, type WriteEnd } from "../support/simulated-history.ts";

/** Operations on one key, at times that the test gives; the store has what `put` and `remove` did. */
class Bench {
  readonly history = new SimulatedHistory();
  readonly store = MvccStore.open(new MemoryRecordStore());

  put(value: string): number {
    return this.store.put(KEY, Buffer.from(value)).revision;
  }

  write(value: string | null, startMs: number, endMs: number, end: WriteEnd): void {
    this.history.beginWrite(1, "k", value, startMs)(end, endMs);
  }

  read(startMs: number, endMs: number, end: ReadEnd, isLinearizable: boolean = true): void {
    this.history.beginRead(2, "k", isLinearizable, startMs)(end, endMs);
  }

  get problems(): string[] {
    return this.history.problems(this.store);
  }

  requireProblem(pattern: RegExp): void {
    assert.is(this.problems.length, 1, this.problems.join("\n"));
    assert.match(this.problems[0]!, pattern);
  }
}

const KEY = Buffer.from("k");
const REFUSED: WriteEnd = { kind: "refused", status: KvStatus.KV_UNAVAILABLE, message: "" };

function ok(revision: number, prevRevision: number): WriteEnd {
  return { kind: "ok", revision, prevRevision };
}

function seen(revision: number, modRevision: number, value: string): ReadEnd {
  return { kind: "ok", revision, modRevision, value };
}

/** a at 1, then b at 2, read in between and after. */
function goodHistory(): Bench {
  const bench = new Bench();
  bench.put("a");
  bench.put("b");
  bench.write("a", 0, 10, ok(1, 0));
  bench.read(11, 12, seen(1, 1, "a"));
  bench.write("b", 13, 20, ok(2, 1));
  bench.read(21, 22, seen(2, 2, "b"));
  return bench;
}

test("a good history has no problems", () => {
  const bench = goodHistory();
  assert.equal(bench.problems, []);
  assert.equal([bench.history.size, bench.history.answered], [4, 4]);
});

test("operations that overlap may come in any order", () => {
  const bench = goodHistory();
  bench.read(12, 30, seen(1, 1, "a"));
  bench.read(0, 30, seen(0, 0, ""));
  assert.equal(bench.problems, []);
});

test("caught: a read below a revision that was acknowledged before it began", () => {
  const bench = goodHistory();
  bench.read(21, 25, seen(1, 1, "a"));
  bench.requireProblem(/read of k .* at 1, after .* at 2 was known/);
});

test("caught: a read below what another read has shown", () => {
  const bench = new Bench();
  bench.put("a");
  bench.put("b");
  bench.write("b", 0, 100, { kind: "uncertain" });
  bench.read(1, 2, seen(2, 2, "b"));
  bench.read(3, 4, seen(1, 1, "a"));
  bench.requireProblem(/at 1, after .* at 2 was known/);
});

test("a serializable read may be old, but must be true", () => {
  const old = goodHistory();
  old.read(21, 25, seen(1, 1, "a"), false);
  assert.equal(old.problems, []);
  const wrong = goodHistory();
  wrong.read(21, 25, seen(1, 1, "b"), false);
  wrong.requireProblem(/the store had 1 there/);
});

test("caught: a read of a value that was not there then", () => {
  const bench = goodHistory();
  bench.read(21, 25, seen(2, 1, "a"));
  bench.requireProblem(/the store had 2 there then/);
});

test("caught: a read that misses the key", () => {
  const bench = goodHistory();
  bench.read(21, 25, seen(2, 0, ""));
  bench.requireProblem(/the store had 2 there then/);
});

test("caught: an acknowledged write that is lost", () => {
  const bench = goodHistory();
  bench.write("c", 30, 31, ok(3, 2));
  assert.ok(bench.problems.some((problem) => /the store has it at no revision/.test(problem)));
});

test("caught: a write that was carried out twice", () => {
  const bench = goodHistory();
  bench.put("c");
  bench.put("c");
  bench.write("c", 30, 31, { kind: "uncertain" });
  bench.requireProblem(/was carried out at 3 and 4/);
});

test("caught: a write that was refused, and carried out all the same", () => {
  for (const end of [REFUSED, { kind: "conflict", modRevision: 7 } as const]) {
    const bench = goodHistory();
    bench.put("c");
    bench.write("c", 30, 31, end);
    bench.requireProblem(/and yet was carried out/);
  }
});

test("caught: a write that went back in time", () => {
  const bench = new Bench();
  bench.put("b");
  bench.put("a");
  bench.write("a", 0, 10, ok(2, 1));
  bench.write("b", 11, 20, ok(1, 0));
  bench.requireProblem(/put of k=b .* at 1, after .*put of k=a .* at 2 was known/);
});

test("caught: a write that claims to have replaced something else", () => {
  const bench = goodHistory();
  bench.put("c");
  bench.write("c", 30, 31, ok(3, 1));
  bench.requireProblem(/before it there was 2/);
});

test("caught: a deleted key that is still there", () => {
  const bench = goodHistory();
  bench.write(null, 30, 31, ok(2, 1));
  assert.ok(bench.problems.some((problem) => /delete of k .* but it is there/.test(problem)));
});

test("an uncertain write may have been carried out, or not", () => {
  const bench = goodHistory();
  bench.put("c");
  bench.write("c", 30, 31, { kind: "uncertain" });
  bench.write("d", 32, 33, { kind: "uncertain" });
  assert.equal(bench.problems, []);
});

test("caught by the witness: a server that applies something else than the others", async () => {
  const cluster = await SimulatedCluster.start();
  const leader = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.put("k", "v"), "put");
  await cluster.converge();
  cluster.witness.requireHarmony();
  const { store } = leader.machine;
  store.put(Buffer.from("x"), Buffer.from("only here"));
  await cluster.complete(client.put("k", "w"), "put");
  await cluster.converge();
  assert.throws(() => cluster.witness.requireHarmony(), /elsewhere/);
});

test("caught by the witness: a server that forgets sessions, and so carries a retry out twice", async () => {
  const cluster = await SimulatedCluster.start({ servers: 1 });
  const server = await cluster.elect();
  const client = cluster.client();
  await cluster.complete(client.callPut(1, "k", "v", 1), "put");
  server.machine.sessions.admit = () => ({ kind: "apply" });
  await cluster.complete(client.callPut(1, "k", "v", 1), "put again");
  assert.throws(() => cluster.witness.requireHarmony(), /carried out twice: session [0-9a-f]+, sequence 1/);
});

test("caught by history: a server that reads without asking whether its leader still leads", async () => {
  const cluster = await SimulatedCluster.start();
  await cluster.converge();
  const leader = cluster.leader!;
  const client = cluster.client();
  client.history = new SimulatedHistory();
  await cluster.complete(client.put("k", "old", { at: leader.id }), "put");
  cluster.isolate(leader);
  await cluster.until(() => cluster.leader !== leader, "the others have a leader");
  await cluster.complete(client.put("k", "new", { at: cluster.leader!.id }), "put");
  // As if it were linearizable.
  const stale = await cluster.complete(client.get("k", { at: leader.id, serializable: true }), "read");
  const nowMs = cluster.clock.nowMs;
  client.history.beginRead(client.id, "k", true, nowMs)(stale, nowMs + 1);
  assert.match(client.history.problems(cluster.leader!.machine.store).join(), /was known/);
});

test.run();
