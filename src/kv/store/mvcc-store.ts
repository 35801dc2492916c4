/**
 * The map of keys to values with all its history: etcd's model (`idl/kv.x`).
 *
 * Each change gives the whole store the next revision, and is one record. The key index, in memory, tells which
 * revisions changed a key; the records of a revision are in memory until a checkpoint with them is durable, and
 * then in the record store.
 */
import {
  STORE_FORMAT,
  type StoreRecord,
  StoreRecordKind,
  storeMetaCodec,
  storeRecordCodec,
  storeSessionCodec,
} from "../gen/store.ts";
import { StoreDamagedError } from "./errors.ts";
import type { KeyHistory } from "./key-history.ts";
import type { KeyIndex } from "./key-index.ts";
import { fromLatin1, toLatin1 } from "./latin1.ts";
import { RecentRecords } from "./recent-records.ts";
import { seal } from "./record-codec.ts";
import type { CheckpointWrites, RecordStore } from "./record-store.ts";
import { type RecoveredStore, recoverStore, unsealOrDamaged } from "./recovery.ts";
import type { SessionSum } from "./session-sum.ts";
import type { StoreHash } from "./store-hash.ts";

/** A key with its value, as of some revision. Views of memory that does not change. */
export interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 when the key was created, +1 with each change. */
  readonly keyVersion: number;
}

/** Which pairs a range read is to return: those with start <= key < end. */
export interface RangeQuery {
  /** Empty: from the first key on. */
  readonly start: Uint8Array;
  /** Empty: to behind the last key. */
  readonly end: Uint8Array;
  /** Pairs at most. */
  readonly limit: number;
  /** Bytes of keys and values at most, but for the first pair. */
  readonly limitBytes: number;
  /** As of then; 0: as of now. */
  readonly revision: number;
}

export interface RangeResult {
  readonly pairs: Pair[];
  /** There are further pairs in the range. */
  readonly more: boolean;
}

/** A key and what the index knows of it: one search for a condition and the write that depends on it. */
export class KeyPlace {
  readonly key: Uint8Array;
  readonly name: string;
  readonly history: KeyHistory | undefined;

  constructor(key: Uint8Array, name: string, history: KeyHistory | undefined) {
    this.key = key;
    this.name = name;
    this.history = history;
  }

  get exists(): boolean {
    return this.history !== undefined && !this.history.isDeleted;
  }

  /** The revision that last changed the key; 0: there is no such key. */
  get modRevision(): number {
    return this.exists ? this.history!.modRevision : 0;
  }
}

/** How far the replicated log was applied, for the checkpoint to remember. */
export interface CheckpointPosition {
  /** Which log that is; 0 when there was no checkpoint yet. */
  readonly logId: number;
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  readonly logTimeMs: number;
}

/** A session as others see it: opaque bytes under an opaque id. */
export interface SessionChange {
  readonly id: Uint8Array;
  /** null: it is gone. */
  readonly state: Uint8Array | null;
}

const NO_VALUE = new Uint8Array(0);

export class MvccStore {
  /** What the last checkpoint remembered, as found when the store was opened. */
  readonly recovered: RecoveredStore["position"];
  /** Its sessions; to be taken over once and then forgotten. */
  readonly recoveredSessions: RecoveredStore["sessions"];
  private readonly records: RecordStore;
  private readonly index: KeyIndex;
  private readonly rollingHash: StoreHash;
  private readonly recent: RecentRecords;
  private currentRevision: number;
  /** Changes that no durable checkpoint holds. */
  private readonly unsavedSessions = new Map<string, Uint8Array | null>();
  /** Of the sessions that the last durable checkpoint holds. */
  private readonly savedSessions: SessionSum;
  private checkpointing = false;

  /**
   * Reads all records once, to rebuild the key index and to check them.
   * @throws StoreDamagedError
   */
  static open(records: RecordStore): MvccStore {
    return new MvccStore(records, recoverStore(records));
  }

  private constructor(records: RecordStore, recovered: RecoveredStore) {
    this.records = records;
    this.recovered = recovered.position;
    this.recoveredSessions = recovered.sessions;
    this.index = recovered.index;
    this.rollingHash = recovered.hash;
    this.currentRevision = recovered.revision;
    this.recent = new RecentRecords(recovered.revision + 1);
    this.savedSessions = recovered.sessionSum;
  }

  /** The latest change of the store; 0: there was none. */
  get revision(): number {
    return this.currentRevision;
  }

  /** Equal on two servers of equal revision, or one of them is damaged. 0 to 2^53 − 1. */
  get hash(): number {
    return this.rollingHash.value;
  }

  /** Keys that exist now. */
  get keyCount(): number {
    return this.index.liveCount;
  }

  /** Bytes in memory that wait for a checkpoint. Grows for as long as checkpoints fail: the owner sets the limit. */
  get uncheckpointedBytes(): number {
    return this.recent.sizeBytes;
  }

  /** Where a key stands, from memory. It holds until the next write. */
  locate(key: Uint8Array): KeyPlace {
    const name = toLatin1(key);
    return new KeyPlace(key, name, this.index.find(name));
  }

  /** Sets the value of a key. Key and value are copied. */
  put(key: Uint8Array, value: Uint8Array): { readonly revision: number; readonly keyVersion: number } {
    return this.putAt(this.locate(key), value);
  }

  /** The same for a key that was just located. */
  putAt(place: KeyPlace, value: Uint8Array): { readonly revision: number; readonly keyVersion: number } {
    const { key, name, history, exists } = place;
    const revision = this.currentRevision + 1;
    const createRevision = exists ? history!.createRevision : revision;
    const keyVersion = exists ? history!.keyVersion + 1 : 1;
    this.add({ kind: StoreRecordKind.STORE_PUT, revision, createRevision, keyVersion, key, value });
    this.index.change(name, history, revision, createRevision, keyVersion);
    return { revision, keyVersion };
  }

  /**
   * Removes a key that exists.
   * @returns the revision that this made; 0 when there is no such key, and then it made none
   */
  delete(key: Uint8Array): number {
    return this.deleteAt(this.locate(key));
  }

  /** The same for a key that was just located. */
  deleteAt({ key, name, history, exists }: KeyPlace): number {
    if (!exists) return 0;
    const revision = this.currentRevision + 1;
    this.add({
      kind: StoreRecordKind.STORE_DELETE,
      revision,
      createRevision: 0,
      keyVersion: 0,
      key,
      value: NO_VALUE,
    });
    this.index.change(name, history, revision, 0, 0);
    return revision;
  }

  /**
   * The pair as of `revision`, or as of now when that is 0; undefined when there was no such key.
   * @throws StoreDamagedError
   */
  get(key: Uint8Array, revision: number = 0): Pair | undefined {
    const history = this.index.find(toLatin1(key));
    if (history === undefined) return undefined;
    if (revision === 0) return history.isDeleted ? undefined : this.pairOf(history.modRevision);
    const change = history.changeAt(revision);
    return change === 0 ? undefined : this.pairOf(change);
  }

  /** @throws StoreDamagedError */
  range(query: RangeQuery): RangeResult {
    const revision = query.revision === 0 ? this.currentRevision : query.revision;
    const pairs: Pair[] = [];
    let more = false;
    let bytes = 0;
    const end = query.end.length === 0 ? undefined : toLatin1(query.end);
    this.index.walk(toLatin1(query.start), end, (_key, history) => {
      const change = history.changeAt(revision);
      if (change === 0 || (change === history.modRevision && history.isDeleted)) return true;
      const pair = this.pairOf(change);
      if (pair === undefined) return true;
      bytes += pair.key.length + pair.value.length;
      more = pairs.length === query.limit || (pairs.length > 0 && bytes > query.limitBytes);
      if (!more) pairs.push(pair);
      return !more;
    });
    return { pairs, more };
  }

  /**
   * Brings everything that was changed so far to disk, in the background; changes go on meanwhile.
   *
   * Not before the one that is under way has ended. When it fails, nothing is lost: the next one writes it.
   *
   * @param position  how far the log is applied now
   * @param sessions  those that changed since the last call
   * @throws CheckpointError (the promise): `ENOSPC` when it may be tried again later
   */
  async checkpoint(position: CheckpointPosition, sessions: Iterable<SessionChange>): Promise<void> {
    if (this.checkpointing) throw new RangeError("a checkpoint is under way");
    for (const { id, state } of sessions) this.unsavedSessions.set(toLatin1(id), state);
    const writes = this.checkpointWrites(position);
    this.checkpointing = true;
    try {
      await this.records.commit(writes);
      this.recent.dropThrough(writes.lastRevision);
      this.savedSessions.change(writes.sessions);
      this.unsavedSessions.clear();
    } finally {
      this.checkpointing = false;
    }
  }

  private checkpointWrites(position: CheckpointPosition): CheckpointWrites {
    const sessions = new Map<string, Uint8Array | null>();
    for (const [id, state] of this.unsavedSessions) {
      const session = state === null ? null : { id: fromLatin1(id), state };
      sessions.set(id, session === null ? null : seal(storeSessionCodec, session));
    }
    const meta = {
      ...position,
      format: STORE_FORMAT,
      revision: this.currentRevision,
      storeHash: this.hash,
      sessionsSum: this.savedSessions.after(sessions),
    };
    return {
      firstRevision: this.recent.firstRevision,
      lastRevision: this.currentRevision,
      recordBytes: this.recent.sizeBytes,
      recordAt: (revision) => this.recent.sealedAt(revision),
      sessions,
      meta: seal(storeMetaCodec, meta),
    };
  }

  private add(record: StoreRecord): void {
    this.rollingHash.add(this.recent.add(record));
    this.currentRevision = record.revision;
  }

  /** The pair that the change `revision` made; undefined when it removed the key. */
  private pairOf(revision: number): Pair | undefined {
    const record = this.recordOf(revision);
    if (record.kind === StoreRecordKind.STORE_DELETE) return undefined;
    const { key, value, createRevision, keyVersion } = record;
    return { key, value, createRevision, modRevision: revision, keyVersion };
  }

  private recordOf(revision: number): StoreRecord {
    const recent = this.recent.at(revision);
    if (recent !== undefined) return recent;
    const item = this.records.record(revision);
    if (item === undefined) throw new StoreDamagedError(this.records.path, revision, "the record is missing");
    const record = unsealOrDamaged(storeRecordCodec, item, this.records.path, revision);
    if (record.revision === revision) return record;
    throw new StoreDamagedError(
      this.records.path,
      revision,
      `the record of revision ${record.revision} is in its place`,
    );
  }
}
