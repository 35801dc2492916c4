/** A data directory of which a part is missing must not be taken for a new one, or an older one (RAFT_CHECKLIST 3, 5, 22). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { requireConsistent } from "../../src/kv/consistency.ts";
import type { Identity } from "../../src/kv/identity.ts";
import { Log } from "../../src/kv/log/log.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { SimulatedDisk } from "../support/simulated-disk.ts";
import { randomPort } from "../support/simulated-server.ts";

const NEWCOMER: Identity = { server: 1, incarnation: 5, address: "a:1", cluster: null };
const MEMBER: Identity = {
  ...NEWCOMER,
  cluster: { id: 9, members: [{ server: 1, incarnation: 5, address: "a:1" }] },
};
const ADVICE =
  "files are missing or from elsewhere: restore the data directory from a copy made after this server last ran; without one leave it off, the others go on";

/** A log that was opened before, with entries 1 to `lastIndex`. */
async function logWith(lastIndex: number): Promise<Log> {
  const disk = new SimulatedDisk({ random: seededRandom(1) });
  const first = await openLog(disk);
  const entries = Array.from({ length: lastIndex }, (_, at) => ({
    index: at + 1,
    term: 1,
    kind: 1 as const,
    data: new Uint8Array(8),
  }));
  first.append({ id: 1, hardState: { currentTerm: 1, votedFor: 1, commitIndex: 0 }, entries });
  await first.close();
  return openLog(disk);
}

function openLog(disk: SimulatedDisk): Promise<Log> {
  return Log.open(disk.mount(), { random: randomPort(seededRandom(3)), segmentBytes: 8192 });
}

/** A state machine that is opened on a checkpoint of this position. */
function machineAt(
  appliedIndex: number,
  { appliedTerm = appliedIndex === 0 ? 0 : 1, logId = 0 }: { appliedTerm?: number; logId?: number } = {},
): Parameters<typeof requireConsistent>[2] {
  const recovered = { logId, appliedIndex, appliedTerm, logTimeMs: 0 };
  return { appliedIndex, appliedTerm, store: { recovered } };
}

function problemOf(identity: Identity, log: Log, appliedIndex: number): string | undefined {
  try {
    requireConsistent(identity, log, machineAt(appliedIndex), "/data");
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a new directory, and one whose store ends within the log, are in order", async () => {
  assert.is(problemOf(NEWCOMER, await openLog(new SimulatedDisk({ random: seededRandom(1) })), 0), undefined);
  const log = await logWith(5);
  for (const appliedIndex of [0, 3, 5]) assert.is(problemOf(MEMBER, log, appliedIndex), undefined);
});

test("a store that is ahead of the log: the log's files are missing, or older", async () => {
  assert.is(
    problemOf(MEMBER, await logWith(5), 6),
    `/data: the store ends at entry 6, the log has 1 to 5; ${ADVICE}`,
  );
});

test("a store that ends before the log begins: the store's file is missing, or older", () => {
  const log = {
    id: 5,
    termAt: () => 1,
    recovered: {
      isNew: false,
      hardState: { currentTerm: 1, votedFor: 0, commitIndex: 0 },
      firstIndex: 11,
      lastIndex: 20,
      tornBytes: 0,
      isCutShort: false,
    },
    firstIndex: 11,
    lastIndex: 20,
  };
  assert.throws(
    () => requireConsistent(MEMBER, log, machineAt(9), "/data"),
    (error: Error) => error.message === `/data: the store ends at entry 9, the log has 11 to 20; ${ADVICE}`,
  );
  requireConsistent(MEMBER, log, machineAt(10), "/data");
});

test("a store that another log has made, or another history of the same one, is not this server's", async () => {
  const log = await logWith(5);
  requireConsistent(MEMBER, log, machineAt(5, { logId: log.id }), "/data");
  assert.throws(
    () => requireConsistent(MEMBER, log, machineAt(5, { logId: log.id + 1 }), "/data"),
    (error: Error) => error.message === `/data: the store was made beside another log; ${ADVICE}`,
  );
  assert.throws(
    () => requireConsistent(MEMBER, log, machineAt(4, { appliedTerm: 3 }), "/data"),
    (error: Error) =>
      error.message ===
      `/data: the store ends at entry 4 of term 3, where the log has one of term 1; ${ADVICE}`,
  );
});

test("a member without a log has forgotten its votes: it may not begin anew (RAFT_CHECKLIST 22)", async () => {
  const log = await openLog(new SimulatedDisk({ random: seededRandom(1) }));
  assert.is(
    problemOf(MEMBER, log, 0),
    `/data: this server belongs to a cluster, but there is no log; ${ADVICE}`,
  );
});

test("data without an identity are not taken over by a new server", async () => {
  assert.is(
    problemOf(NEWCOMER, await logWith(5), 5),
    `/data: there is a log, but identity.json does not say whose; ${ADVICE}`,
  );
});

test.run();
