import type { Codec } from "../../xdr/index.ts";
import {
  STORE_FORMAT,
  type StoreMeta,
  storeMetaCodec,
  storeRecordCodec,
  storeSessionCodec,
} from "../gen/store.ts";
import { StoreDamagedError } from "./errors.ts";
import { KeyHistory } from "./key-history.ts";
import { KeyIndex } from "./key-index.ts";
import { fromLatin1, toLatin1 } from "./latin1.ts";
import { checksumOf, SealError, unseal } from "./record-codec.ts";
import type { RecordStore } from "./record-store.ts";
import { SessionSum } from "./session-sum.ts";
import { StoreHash } from "./store-hash.ts";

/** What the last checkpoint holds. */
export interface RecoveredStore {
  readonly index: KeyIndex;
  readonly hash: StoreHash;
  readonly revision: number;
  /** Zeros when there was no checkpoint yet. */
  readonly position: {
    readonly logId: number;
    readonly appliedIndex: number;
    readonly appliedTerm: number;
    readonly logTimeMs: number;
  };
  readonly sessions: readonly { readonly id: Uint8Array; readonly state: Uint8Array }[];
  readonly sessionSum: SessionSum;
}

const NOTHING: StoreMeta = {
  format: STORE_FORMAT,
  logId: 0,
  appliedIndex: 0,
  appliedTerm: 0,
  revision: 0,
  logTimeMs: 0,
  storeHash: new StoreHash().value,
  sessionsSum: 0,
};

/**
 * Rebuilds the key index from all records, and checks each of them and their hash.
 * @throws StoreDamagedError
 */
export function recoverStore(records: RecordStore): RecoveredStore {
  const meta = readMeta(records);
  const histories = new Map<string, KeyHistory>();
  const hash = new StoreHash();
  let last = 0;
  records.scan(meta.revision, (revision, item) => {
    if (revision !== last + 1) throw missing(records, last + 1);
    const record = unsealOrDamaged(storeRecordCodec, item, records.path, revision);
    if (record.revision !== revision) {
      throw new StoreDamagedError(
        records.path,
        revision,
        `the record of revision ${record.revision} is in its place`,
      );
    }
    hash.add(checksumOf(item));
    const key = toLatin1(record.key);
    const known = histories.get(key);
    const { createRevision, keyVersion } = record;
    if (known === undefined) histories.set(key, new KeyHistory(revision, createRevision, keyVersion));
    else known.change(revision, createRevision, keyVersion);
    last = revision;
  });
  if (last !== meta.revision) throw missing(records, last + 1);
  if (hash.value !== meta.storeHash) {
    throw new StoreDamagedError(
      records.path,
      null,
      "the records do not have the hash that the checkpoint noted",
    );
  }
  const { logId, appliedIndex, appliedTerm, logTimeMs } = meta;
  return {
    index: new KeyIndex(histories),
    hash,
    revision: meta.revision,
    position: { logId, appliedIndex, appliedTerm, logTimeMs },
    ...readSessions(records, meta),
  };
}

/** @throws StoreDamagedError instead of SealError */
export function unsealOrDamaged<T>(
  codec: Codec<T>,
  item: Uint8Array,
  path: string,
  revision: number | null,
): T {
  try {
    return unseal(codec, item);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const what = revision === null ? "an item" : "the record";
    throw new StoreDamagedError(path, revision, `${what} is damaged: ${error.message}`);
  }
}

function readMeta(records: RecordStore): StoreMeta {
  const item = records.meta();
  if (item === undefined) return NOTHING;
  const meta = unsealOrDamaged(storeMetaCodec, item, records.path, null);
  if (meta.format === STORE_FORMAT) return meta;
  const problem = `the store has format ${meta.format}; this version knows only ${STORE_FORMAT}`;
  throw new StoreDamagedError(records.path, null, problem);
}

function readSessions(
  records: RecordStore,
  { sessionsSum }: StoreMeta,
): Pick<RecoveredStore, "sessions" | "sessionSum"> {
  const items = records.sessions();
  const sessions: { id: Uint8Array; state: Uint8Array }[] = [];
  for (const [key, item] of items) {
    const session = unsealOrDamaged(storeSessionCodec, item, records.path, null);
    if (Buffer.compare(session.id, fromLatin1(key)) !== 0) {
      throw new StoreDamagedError(records.path, null, "a session lies under the id of another");
    }
    sessions.push(session);
  }
  const sessionSum = new SessionSum();
  sessionSum.change(items);
  if (sessionSum.value === sessionsSum) return { sessions, sessionSum };
  throw new StoreDamagedError(records.path, null, "the sessions are not those that the checkpoint noted");
}

function missing(records: RecordStore, revision: number): StoreDamagedError {
  return new StoreDamagedError(records.path, revision, "the record is missing");
}
