/** What the replicated log means: the same on every server, whatever its clock and configuration (DESIGN §5). */
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DELETE, encodeCommand, PUT, stampCommand } from "../../src/kv/command.ts";
import {
  type KvCondition,
  KvStatus,
  KvWhen,
  kvDeleteArgsCodec,
  kvPutArgsCodec,
} from "../../src/kv/gen/kv.ts";
import { openStateMachine } from "../../src/kv/open-state-machine.ts";
import { sessionCodec } from "../../src/kv/session-codec.ts";
import type { StateMachine } from "../../src/kv/state-machine.ts";
import { MemoryRecordStore } from "../../src/kv/store/memory-record-store.ts";
import { refusedWrite, type WriteOutcome } from "../../src/kv/write-outcome.ts";
import { type Entry, EntryKind } from "../../src/raft/index.ts";
import { encodeXdr } from "../../src/xdr/index.ts";

interface Write {
  readonly key: string;
  /** null: a delete. */
  readonly value: string | null;
  readonly ifRevision?: number | undefined;
  /** Default: none. */
  readonly session?: string | undefined;
  readonly sequence?: number | undefined;
  readonly atMs?: number | undefined;
}

function entryOf(index: number, write: Write | null): Entry {
  if (write === null) return { index, term: 1, kind: EntryKind.NOOP, data: new Uint8Array(0) };
  const { key, value, ifRevision, session = "", sequence = 0, atMs = index } = write;
  const condition: KvCondition =
    ifRevision === undefined
      ? { when: KvWhen.KV_ALWAYS }
      : { when: KvWhen.KV_IF_REVISION, modRevision: ifRevision };
  const args = { session: Buffer.from(session.padEnd(8, "\0")), sequence, key: Buffer.from(key), condition };
  const command =
    value === null
      ? encodeCommand(DELETE, encodeXdr(kvDeleteArgsCodec, args))
      : encodeCommand(PUT, encodeXdr(kvPutArgsCodec, { ...args, value: Buffer.from(value) }));
  stampCommand(command, atMs);
  return { index, term: 1, kind: EntryKind.COMMAND, data: command };
}

class Bench {
  readonly machine: StateMachine = openStateMachine(new MemoryRecordStore());

  apply(write: Write | null): WriteOutcome | null {
    return this.machine.apply(entryOf(this.machine.appliedIndex + 1, write));
  }

  put(key: string, value: string, rest: Partial<Write> = {}): WriteOutcome {
    return this.apply({ key, value, ...rest })!;
  }

  delete(key: string, rest: Partial<Write> = {}): WriteOutcome {
    return this.apply({ key, value: null, ...rest })!;
  }
}

function ok(revision: number, prevRevision: number, keyVersion: number): WriteOutcome {
  return { status: KvStatus.KV_OK, revision, prevRevision, keyVersion };
}

test("each write that changes something makes the next revision (RAFT_CHECKLIST, invariants)", () => {
  const bench = new Bench();
  assert.equal(bench.put("a", "1"), ok(1, 0, 1));
  assert.equal(bench.put("b", "1"), ok(2, 0, 1));
  assert.equal(bench.put("a", "2"), ok(3, 1, 2));
  assert.equal(bench.delete("a"), ok(4, 3, 0));
  assert.equal(bench.put("a", "3"), ok(5, 0, 1), "a new key with an old name");
});

test("what changes nothing makes no revision", () => {
  const bench = new Bench();
  bench.put("a", "1");
  assert.equal(bench.delete("zz"), refusedWrite(KvStatus.KV_NOT_FOUND));
  assert.equal(bench.put("a", "2", { ifRevision: 7 }), refusedWrite(KvStatus.KV_CONFLICT, 1));
  assert.equal(bench.delete("a", { ifRevision: 0 }), refusedWrite(KvStatus.KV_CONFLICT, 1));
  assert.is(bench.apply(null), null);
  assert.is(bench.machine.revision, 1);
  assert.is(bench.machine.appliedIndex, 5);
});

test("a condition: only as long as the key is what the client saw; 0: only if there is none", () => {
  const bench = new Bench();
  assert.equal(bench.put("a", "1", { ifRevision: 0 }), ok(1, 0, 1));
  assert.equal(bench.put("a", "2", { ifRevision: 0 }), refusedWrite(KvStatus.KV_CONFLICT, 1));
  assert.equal(bench.put("a", "2", { ifRevision: 1 }), ok(2, 1, 2));
  assert.equal(bench.delete("a", { ifRevision: 1 }), refusedWrite(KvStatus.KV_CONFLICT, 2));
  assert.equal(bench.delete("a", { ifRevision: 2 }), ok(3, 2, 0));
  assert.equal(bench.delete("a", { ifRevision: 2 }), refusedWrite(KvStatus.KV_CONFLICT, 0));
  assert.equal(bench.delete("a", { ifRevision: 0 }), refusedWrite(KvStatus.KV_NOT_FOUND));
});

test("a session's write is applied once, however often it is in the log (DESIGN §7)", () => {
  const bench = new Bench();
  const write = { session: "me", sequence: 1 };
  const first = bench.put("a", "1", write);
  bench.put("a", "other");
  assert.equal(bench.put("a", "1", write), first);
  assert.is(bench.machine.revision, 2);
});

test("what a session remembers is the first result, also a refusal that would not come any more", () => {
  const bench = new Bench();
  const conflict = bench.put("a", "1", { session: "me", sequence: 1, ifRevision: 1 });
  assert.equal(conflict, refusedWrite(KvStatus.KV_CONFLICT, 0));
  bench.put("a", "x");
  assert.equal(bench.put("a", "1", { session: "me", sequence: 1, ifRevision: 1 }), conflict);
});

test("without a session a write is applied as often as it is in the log (idl/kv.x)", () => {
  const bench = new Bench();
  bench.put("a", "1");
  assert.equal(bench.put("a", "1"), ok(2, 1, 2));
  assert.is(bench.machine.sessions.size, 0);
});

test("the time of the log never goes back, whatever a new leader has heard of it", () => {
  const bench = new Bench();
  bench.put("a", "1", { atMs: 5_000, session: "me", sequence: 1 });
  bench.put("a", "2", { atMs: 3_000, session: "you", sequence: 1 });
  bench.apply(null);
  assert.is(bench.machine.logTimeMs, 5_000);
  assert.is(bench.machine.sessions.get("you\0\0\0\0\0")?.lastUsedMs, 5_000);
});

test("an entry that is no command is not applied, nor counted", () => {
  const bench = new Bench();
  bench.put("a", "1");
  const bad: Entry = { index: 2, term: 1, kind: EntryKind.COMMAND, data: Uint8Array.of(1) };
  assert.throws(() => bench.machine.apply(bad), /command/);
  assert.is(bench.machine.appliedIndex, 1);
});

const write: fc.Arbitrary<Write | null> = fc.option(
  fc.record({
    key: fc.constantFrom("a", "b", "c"),
    value: fc.option(fc.constantFrom("1", "2", "3"), { freq: 3 }),
    ifRevision: fc.option(fc.nat(6), { freq: 1, nil: undefined }),
    session: fc.constantFrom("", "me", "you"),
    sequence: fc.integer({ min: 1, max: 5 }),
    atMs: fc.nat(2_000_000),
  }),
  { freq: 20 },
);

test("two servers agree, one of them opened from a checkpoint in the middle, whatever is in the log", async () => {
  const property = fc.asyncProperty(fc.array(write, { maxLength: 50 }), fc.nat(50), async (writes, at) => {
    const through = new Bench();
    const records = new MemoryRecordStore();
    let other = openStateMachine(records);
    for (const [i, one] of writes.entries()) {
      if (i === at) other = await reopened(other, records);
      const entry = entryOf(i + 1, one);
      assert.equal(other.apply(entry), through.machine.apply(entry));
      assert.is(other.store.hash, through.machine.store.hash);
    }
    assert.equal(stateOf(other), stateOf(through.machine));
  });
  await fc.assert(property, { numRuns: 200 });
});

/** As a server has it that was started again after a checkpoint. */
async function reopened(machine: StateMachine, records: MemoryRecordStore): Promise<StateMachine> {
  const { appliedIndex, appliedTerm, logTimeMs, sessions } = machine;
  const changes = [...sessions.takeChanged()].map((id) => {
    const session = sessions.get(id);
    return {
      id: Buffer.from(id, "latin1"),
      state: session === undefined ? null : encodeXdr(sessionCodec, session),
    };
  });
  await machine.store.checkpoint({ logId: 3, appliedIndex, appliedTerm, logTimeMs }, changes);
  return openStateMachine(records);
}

function stateOf({ appliedIndex, logTimeMs, revision, store, sessions }: StateMachine): unknown {
  const known = ["me\0\0\0\0\0\0", "you\0\0\0\0\0"].map((id) => sessions.get(id) ?? null);
  return { appliedIndex, logTimeMs, revision, hash: store.hash, keys: store.keyCount, known };
}

test.run();
