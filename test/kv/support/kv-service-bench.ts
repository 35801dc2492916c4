import {
  type KvConsistency,
  type KvDeleteArgs,
  type KvHeader,
  type KvPutArgs,
  type KvRangeArgs,
  KvStatus,
  KvWhen,
} from "../../../src/kv/gen/kv.ts";
import { KvService } from "../../../src/kv/kv-service.ts";
import { Membership } from "../../../src/kv/membership.ts";
import { openStateMachine } from "../../../src/kv/open-state-machine.ts";
import type { ReplicaCount } from "../../../src/kv/replica-counter.ts";
import type { StateMachine } from "../../../src/kv/state-machine.ts";
import { statusText } from "../../../src/kv/status-text.ts";
import { MemoryRecordStore } from "../../../src/kv/store/memory-record-store.ts";
import { refusedWrite } from "../../../src/kv/write-outcome.ts";
import type { WriteAnswer } from "../../../src/kv/write-queue.ts";
import type { CallContext } from "../../../src/oncrpc/procedure.ts";
import type { RaftStatus } from "../../../src/raft/index.ts";
import { ProcessClock, SimulatedClock } from "../../support/simulated-clock.ts";
import { StubLine } from "./stub-line.ts";

const MEMBERS = [1, 2, 3].map((server) => ({ server, incarnation: server, address: `s${server}:9` }));
const CLUSTER = { id: 55, members: MEMBERS };

/** The service of server 1, with the parts around it in the hands of the test. */
export class KvServiceBench {
  readonly machine: StateMachine = openStateMachine(new MemoryRecordStore());
  readonly line: StubLine = new StubLine();
  readonly clock: SimulatedClock = new SimulatedClock();
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

export const EMPTY: Uint8Array = new Uint8Array(0);
export const DELETE_ARGS: KvDeleteArgs = {
  session: new Uint8Array(8),
  sequence: 0,
  key: Buffer.from("k"),
  condition: { when: KvWhen.KV_ALWAYS },
};

export const CONTEXT: CallContext = {
  peer: "test",
  xid: 1,
  credential: { flavor: "none" },
  argBytes: Uint8Array.of(1, 2, 3, 4),
  onGone: () => () => {},
};

// biome-ignore lint/suspicious/noExplicitAny: the results of all procedures are looked at alike
export type Settled = { readonly header: any; readonly result: any };

export async function settled(res: Settled | Promise<Settled>): Promise<Settled> {
  const { header, result } = await res;
  return { header, result };
}

export const HEADER: KvHeader = { cluster: 55, server: 1, term: 4, revision: 0 };

export function failure(status: KvStatus, message: string = statusText(status)): Settled["result"] {
  return { status, message };
}
