/**
 * A process that writes one checkpoint, and kills itself in the middle of the next: `killed-writer.ts PATH POINT`,
 * where POINT is `record:N` (while record N is handed over), `session:N` (while the Nth session is), `apply`
 * (when the checkpoint counts, and its sessions are still to be moved) or `none`.
 */
import { LmdbRecordStore } from "../../../src/kv/store/lmdb-record-store.ts";
import { type CheckpointPosition, MvccStore, type SessionChange } from "../../../src/kv/store/mvcc-store.ts";
import type { CheckpointWrites, RecordStore } from "../../../src/kv/store/record-store.ts";
import { bytes } from "./store-model.ts";

export const FIRST_RECORDS = 3000;
export const SECOND_RECORDS = 6000;
export const SESSIONS = 2500;

export function position(checkpoint: number): CheckpointPosition {
  return { logId: 3, appliedIndex: checkpoint * 1000, appliedTerm: checkpoint, logTimeMs: checkpoint };
}

export function fill(store: MvccStore, count: number): void {
  for (let at = 0; at < count; at++) store.put(bytes(`key ${at % 900}`), bytes(`value ${store.revision}`));
}

export function sessions(checkpoint: number): SessionChange[] {
  return Array.from({ length: SESSIONS }, (_, at) => ({
    id: bytes(`session ${at}`),
    state: bytes(`checkpoint ${checkpoint}`),
  }));
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Passes everything on, but dies at the point. */
class KilledStore implements RecordStore {
  readonly path: string;
  private readonly inner: LmdbRecordStore;
  private readonly point: string;
  private readonly count: number;
  private commits = 0;

  constructor(inner: LmdbRecordStore, point: string) {
    this.path = inner.path;
    this.inner = inner;
    const [what = "", count] = point.split(":");
    this.point = what;
    this.count = Number(count);
  }

  meta(): Uint8Array | undefined {
    return this.inner.meta();
  }

  record(revision: number): Uint8Array | undefined {
    return this.inner.record(revision);
  }

  scan(lastRevision: number, visit: (revision: number, bytes: Uint8Array) => void): void {
    this.inner.scan(lastRevision, visit);
  }

  sessions(): ReadonlyMap<string, Uint8Array> {
    return this.inner.sessions();
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  commit(writes: CheckpointWrites): Promise<void> {
    this.commits += 1;
    if (this.commits === 1 || this.point === "none") return this.inner.commit(writes);
    if (this.point === "apply") Object.assign(this.inner, { applyStagedSessions: die });
    return this.inner.commit({
      ...writes,
      recordAt: this.dyingAt(writes),
      sessions: this.dyingSessions(writes),
    });
  }

  private dyingAt(writes: CheckpointWrites): CheckpointWrites["recordAt"] {
    return (revision) => {
      if (this.point === "record" && revision === this.count) die();
      return writes.recordAt(revision);
    };
  }

  private dyingSessions({ sessions: changes }: CheckpointWrites): CheckpointWrites["sessions"] {
    const { point, count } = this;
    const dying = new Map(changes);
    dying[Symbol.iterator] = function* () {
      let at = 0;
      for (const change of changes) {
        at += 1;
        if (point === "session" && at === count) die();
        yield change;
      }
    } as (typeof changes)[typeof Symbol.iterator];
    return dying;
  }
}

async function main(path: string, point: string): Promise<void> {
  const records = new KilledStore(await LmdbRecordStore.open(path), point);
  const store = MvccStore.open(records);
  fill(store, FIRST_RECORDS);
  await store.checkpoint(position(1), sessions(1));
  fill(store, SECOND_RECORDS);
  await store.checkpoint(position(2), sessions(2));
  await records.close();
}

const [, , path, point] = process.argv;
if (path !== undefined && point !== undefined) await main(path, point);
