/** Exactly once: a write that comes twice is applied once (DESIGN §7; dissertation §6.3; RAFT_CHECKLIST 26). */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_SESSION_MIN_MS, KvStatus } from "../../src/kv/gen/kv.ts";
import { sessionCodec } from "../../src/kv/session-codec.ts";
import { type Session, SessionTable } from "../../src/kv/sessions.ts";
import { refusedWrite, type WriteOutcome } from "../../src/kv/write-outcome.ts";
import { decodeXdr, encodeXdr } from "../../src/xdr/index.ts";

const IDLE_LIMIT_MS = 2 * KV_SESSION_MIN_MS;

/** A table with the write that goes with it: what is admitted is carried out, and remembered. */
class Bench {
  readonly table: SessionTable;
  private index = 0;
  revision = 0;

  constructor(limit?: number) {
    this.table = new SessionTable(limit);
  }

  write(id: string, sequence: number, nowMs: number): WriteOutcome {
    this.index += 1;
    const admission = this.table.admit(id, sequence, nowMs);
    if (admission.kind === "answer") return admission.outcome;
    this.revision += 1;
    const outcome = { status: KvStatus.KV_OK, revision: this.revision, prevRevision: 0, keyVersion: 1 };
    this.table.record(id, { sequence, lastUsedMs: nowMs, lastUsedIndex: this.index, outcome });
    return outcome;
  }

  /** As another server has it that begins with what a checkpoint holds, in whatever order that is read. */
  restored(limit?: number): Bench {
    const copy = new Bench(limit);
    copy.table.restore(contentOf(this.table).reverse());
    copy.index = this.index;
    copy.revision = this.revision;
    return copy;
  }
}

/** All sessions that the tests use. */
const IDS = ["a", "b", "c", "d", "e"];

function contentOf(table: SessionTable): [string, Session][] {
  return IDS.flatMap((id): [string, Session][] => {
    const session = table.get(id);
    return session === undefined ? [] : [[id, decodeXdr(sessionCodec, encodeXdr(sessionCodec, session))]];
  });
}

test("a session comes into being with its first write, sequence 1 (idl/kv.x)", () => {
  const bench = new Bench();
  assert.is(bench.write("a", 1, 0).status, KvStatus.KV_OK);
  assert.is(bench.table.size, 1);
});

test("a retry after a lost reply returns the first one's result, and is not applied", () => {
  const bench = new Bench();
  const first = bench.write("a", 1, 0);
  bench.write("b", 1, 1);
  assert.equal(bench.write("a", 1, 2), first);
  assert.is(bench.revision, 2);
});

test("the first one's result is remembered whatever it was", () => {
  const { table } = new Bench();
  const outcome = refusedWrite(KvStatus.KV_CONFLICT, 17);
  table.record("a", { sequence: 3, lastUsedMs: 0, lastUsedIndex: 1, outcome });
  assert.equal(table.admit("a", 3, 5), { kind: "answer", outcome });
});

test("a lower sequence is answered KV_SEQUENCE_OLD", () => {
  const bench = new Bench();
  bench.write("a", 1, 0);
  bench.write("a", 2, 0);
  assert.equal(bench.write("a", 1, 0), refusedWrite(KvStatus.KV_SEQUENCE_OLD));
  assert.equal(bench.write("a", 0, 0), refusedWrite(KvStatus.KV_SEQUENCE_OLD));
  assert.is(bench.revision, 2);
});

test("sequences may leave numbers out: a client may give a write up", () => {
  const bench = new Bench();
  bench.write("a", 1, 0);
  assert.is(bench.write("a", 9, 0).status, KvStatus.KV_OK);
  assert.is(bench.write("a", 8, 0).status, KvStatus.KV_SEQUENCE_OLD);
});

test("an unknown session with a sequence above 1 is expired, and never applied", () => {
  const bench = new Bench();
  for (const sequence of [2, 3, 1_000_000, 0]) {
    assert.equal(bench.write("a", sequence, 0), refusedWrite(KvStatus.KV_SESSION_EXPIRED));
  }
  assert.is(bench.revision, 0);
  assert.is(bench.table.size, 0);
});

test("sessions expire by the time of the log alone, and at a write of whichever session", () => {
  const bench = new Bench();
  bench.write("a", 1, 0);
  bench.write("b", 1, IDLE_LIMIT_MS);
  assert.is(bench.table.size, 2, "not before its time is over");
  bench.write("c", 1, IDLE_LIMIT_MS + 1);
  assert.is(bench.table.get("a"), undefined);
  assert.is(bench.write("a", 2, IDLE_LIMIT_MS + 1).status, KvStatus.KV_SESSION_EXPIRED);
  assert.is(bench.table.size, 2);
});

test("a session that is used lives on; a retry is no use", () => {
  const bench = new Bench();
  bench.write("a", 1, 0);
  bench.write("b", 1, 0);
  bench.write("a", 2, IDLE_LIMIT_MS);
  bench.write("b", 1, IDLE_LIMIT_MS);
  bench.write("c", 1, IDLE_LIMIT_MS + 1);
  assert.ok(bench.table.get("a"));
  assert.is(bench.table.get("b"), undefined);
});

test("a full table lets the longest idle session go, but never within KV_SESSION_MIN_MS of its last write", () => {
  const bench = new Bench(3);
  bench.write("a", 1, 0);
  bench.write("b", 1, 1);
  bench.write("c", 1, 2);
  bench.write("a", 2, 3);
  assert.equal(bench.write("d", 1, KV_SESSION_MIN_MS), refusedWrite(KvStatus.KV_BUSY));
  assert.is(bench.table.size, 3);
  assert.is(bench.write("d", 1, KV_SESSION_MIN_MS + 1).status, KvStatus.KV_OK);
  assert.is(bench.table.get("b"), undefined, "it was idle longest");
  assert.is(bench.table.size, 3);
});

test("a new session that is turned away leaves nothing behind, and may come again", () => {
  const bench = new Bench(1);
  bench.write("a", 1, 0);
  assert.is(bench.write("b", 1, 1).status, KvStatus.KV_BUSY);
  assert.is(bench.table.get("b"), undefined);
  assert.is(bench.write("a", 2, 2).status, KvStatus.KV_OK, "known ones go on");
  assert.is(bench.write("b", 1, 2 + KV_SESSION_MIN_MS).status, KvStatus.KV_OK);
});

test("a checkpoint gets each session that changed since the last one, those that are gone too", () => {
  const bench = new Bench();
  bench.write("a", 1, 0);
  bench.write("b", 1, 1);
  assert.equal([...bench.table.takeChanged()].sort(), ["a", "b"]);
  assert.equal([...bench.table.takeChanged()], []);
  bench.write("c", 1, IDLE_LIMIT_MS + 1);
  const changed = bench.table.takeChanged();
  assert.equal([...changed].sort(), ["a", "c"]);
  assert.is(bench.table.get("a"), undefined);
});

test("a restored table has the same sessions in the same order of idleness", () => {
  const bench = new Bench(3);
  bench.write("a", 1, 5);
  bench.write("b", 1, 5);
  bench.write("c", 1, 5);
  bench.write("a", 2, 5);
  const copy = bench.restored(3);
  const later = 5 + KV_SESSION_MIN_MS;
  for (const table of [bench, copy]) {
    assert.is(table.write("d", 1, later).status, KvStatus.KV_OK);
    assert.is(table.table.get("b"), undefined);
    assert.is(table.write("e", 1, later).status, KvStatus.KV_OK);
    assert.is(table.table.get("c"), undefined);
    assert.ok(table.table.get("a"));
  }
});

test("two servers agree, one of them restored from a checkpoint at any point, whatever is written", () => {
  const write = fc.record({
    id: fc.constantFrom(...IDS),
    sequence: fc.integer({ min: 0, max: 4 }),
    afterMs: fc.oneof(
      { weight: 4, arbitrary: fc.nat(1_000) },
      { weight: 1, arbitrary: fc.nat(IDLE_LIMIT_MS + 10) },
    ),
  });
  const writes = fc.array(write, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(writes, fc.nat(60), fc.integer({ min: 1, max: 6 }), (all, restoreAt, limit) => {
      const one = new Bench(limit);
      let other = new Bench(limit);
      let nowMs = 0;
      all.forEach(({ id, sequence, afterMs }, at) => {
        nowMs += afterMs;
        assert.equal(other.write(id, sequence, nowMs), one.write(id, sequence, nowMs));
        if (at === restoreAt) other = other.restored(limit);
      });
      assert.equal(contentOf(other.table), contentOf(one.table));
    }),
    { numRuns: 300 },
  );
});

test("a session survives its codec", () => {
  const outcome = fc.record(
    {
      status: fc.constantFrom(...Object.values(KvStatus)),
      revision: fc.maxSafeNat(),
      prevRevision: fc.maxSafeNat(),
      keyVersion: fc.maxSafeNat(),
    },
    { noNullPrototype: true },
  );
  const session = fc.record(
    {
      sequence: fc.maxSafeNat(),
      lastUsedMs: fc.maxSafeNat(),
      lastUsedIndex: fc.maxSafeNat(),
      outcome,
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(session, (one) => {
      assert.equal(decodeXdr(sessionCodec, encodeXdr(sessionCodec, one)), one);
    }),
  );
});

test.run();
