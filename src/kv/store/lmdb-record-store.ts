import { open as openFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Database, open, type RootDatabase } from "lmdb";
import { CheckpointError, StoreDamagedError } from "./errors.ts";
import { fromLatin1, toLatin1 } from "./latin1.ts";
import { requireLmdbFile, requireLockFile } from "./lmdb-file.ts";
import type { CheckpointWrites, RecordStore } from "./record-store.ts";

/** A transaction holds at most so much: handing it over keeps the event loop for 1 to 3 ms. */
const SLICE_ITEMS = 1000;
const SLICE_BYTES = 1 << 20;

/** What a checkpoint needs besides its data: copied pages, the free list, and some for others on the disk. */
const SPARE_BYTES = 8 << 20;

const META_KEY = Buffer.from([1]);
/** Present while the staged sessions are part of the checkpoint and not yet among the others. */
const STAGED_KEY = Buffer.from([2]);
const REMOVED = Buffer.alloc(0);
const TWO_32 = 0x1_0000_0000;

/** A revision as an unsigned hyper: the order of the bytes is the order of the numbers. */
const revisionKeys = {
  writeKey(revision: number, target: Uint8Array, start: number): number {
    const high = Math.floor(revision / TWO_32);
    target[start] = high >>> 24;
    target[start + 1] = high >>> 16;
    target[start + 2] = high >>> 8;
    target[start + 3] = high;
    target[start + 4] = revision >>> 24;
    target[start + 5] = revision >>> 16;
    target[start + 6] = revision >>> 8;
    target[start + 7] = revision;
    return start + 8;
  },
  readKey(source: Uint8Array, start: number): number {
    let revision = 0;
    for (let at = start; at < start + 8; at++) revision = revision * 256 + source[at]!;
    return revision;
  },
};

/** Records come back as views of the library's own buffer, valid until the next read: most are not kept. */
const recordViews = {
  encode: (record: Uint8Array): Uint8Array => record,
  decode(buffer: Uint8Array, size: number): Uint8Array {
    return new Uint8Array(buffer.buffer, buffer.byteOffset, size);
  },
};

/**
 * The store on disk: one LMDB environment (`idl/store.x`).
 *
 * A checkpoint is handed over in slices, each a durable transaction of its own, so that neither the event loop nor
 * the disk is held for long. What makes it whole is the last transaction, which writes the meta item: records
 * behind what that says do not count, and the sessions, which have no revision to tell old from new by, wait in a
 * database of their own until then.
 */
export class LmdbRecordStore implements RecordStore {
  readonly path: string;
  private readonly root: RootDatabase<Buffer, Uint8Array>;
  private readonly records: Database<Uint8Array, number>;
  private readonly savedSessions: Database<Uint8Array, Uint8Array>;
  private readonly staged: Database<Uint8Array, Uint8Array>;
  private readonly metaItems: Database<Uint8Array, Uint8Array>;
  private readonly freeBytes: () => Promise<number>;

  /**
   * Opens the file `path`, or makes it. One process at a time; the caller holds the lock of the data directory.
   *
   * @param freeBytes  how much the file system has room for. Default: what it says.
   */
  static async open(
    path: string,
    freeBytes: () => Promise<number> = () => freeBytesAt(path),
  ): Promise<LmdbRecordStore> {
    await requireLmdbFile(path);
    await requireLockFile(`${path}-lock`);
    const store = orDamaged(path, null, () => new LmdbRecordStore(path, freeBytes));
    await syncDirectoryOf(path);
    if (store.hasStagedSessions()) await store.applyStagedSessions();
    return store;
  }

  private constructor(path: string, freeBytes: () => Promise<number>) {
    this.path = path;
    this.freeBytes = freeBytes;
    this.root = open({
      path,
      noSubdir: true,
      maxDbs: 4,
      encoding: "binary",
      // A commit is durable when it says so, and never half: the plain way of LMDB.
      overlappingSync: false,
      // Else a failed commit also rejects a promise that nobody can reach.
      eventTurnBatching: false,
    });
    const bytes = { encoding: "binary", keyEncoding: "binary" } as const;
    this.records = this.openRecords();
    this.savedSessions = this.root.openDB("sessions", bytes);
    this.staged = this.root.openDB("staged", bytes);
    this.metaItems = this.root.openDB("meta", bytes);
  }

  meta(): Uint8Array | undefined {
    return orDamaged(this.path, null, () => this.metaItems.getBinary(META_KEY));
  }

  record(revision: number): Uint8Array | undefined {
    return orDamaged(this.path, revision, () => this.records.getBinary(revision));
  }

  scan(lastRevision: number, visit: (revision: number, bytes: Uint8Array) => void): void {
    orDamaged(this.path, null, () => {
      for (const { key, value } of this.records.getRange({ start: 1, end: lastRevision + 1 }))
        visit(key, value);
    });
  }

  sessions(): ReadonlyMap<string, Uint8Array> {
    return orDamaged(this.path, null, () => {
      const sessions = new Map<string, Uint8Array>();
      for (const { key, value } of this.savedSessions.getRange()) sessions.set(toLatin1(key), value);
      return sessions;
    });
  }

  async commit(writes: CheckpointWrites): Promise<void> {
    await this.requireRoomFor(writes.recordBytes);
    try {
      if (this.hasStagedSessions()) await this.applyStagedSessions();
      await this.putRecords(writes);
      await this.stageSessions(writes.sessions);
      await this.transaction(() => {
        this.metaItems.put(META_KEY, writes.meta);
        if (writes.sessions.size > 0) this.metaItems.put(STAGED_KEY, REMOVED);
      });
    } catch (error) {
      throw await this.explain(error);
    }
    // From here on the checkpoint counts. What is left to do can also be done later.
    if (writes.sessions.size > 0) await this.applyStagedSessions().catch(() => {});
  }

  async close(): Promise<void> {
    await this.root.close();
  }

  private openRecords(): Database<Uint8Array, number> {
    // The typings leave out keyEncoder, which the library documents.
    const options = { encoding: "binary", keyEncoder: revisionKeys, encoder: recordViews } as const;
    return this.root.openDB("records", options);
  }

  private async putRecords({ firstRevision, lastRevision, recordAt }: CheckpointWrites): Promise<void> {
    let revision = firstRevision;
    while (revision <= lastRevision) {
      await this.transaction(() => {
        let bytes = 0;
        for (let items = 0; items < SLICE_ITEMS && bytes < SLICE_BYTES && revision <= lastRevision; items++) {
          const record = recordAt(revision);
          this.records.put(revision, record);
          bytes += record.length;
          revision += 1;
        }
      });
    }
  }

  private async stageSessions(sessions: ReadonlyMap<string, Uint8Array | null>): Promise<void> {
    if (sessions.size === 0) return;
    // A checkpoint that failed may have left some.
    await this.transaction(() => {
      this.staged.clearAsync();
    });
    await this.inSlices(sessions, ([id, state]) => this.staged.put(fromLatin1(id), state ?? REMOVED));
  }

  private hasStagedSessions(): boolean {
    return orDamaged(this.path, null, () => this.metaItems.doesExist(STAGED_KEY));
  }

  /** Moves the staged sessions among the others. Doing it twice, or from the start again, does no harm. */
  private async applyStagedSessions(): Promise<void> {
    const staged = orDamaged(this.path, null, () => [...this.staged.getRange()]);
    await this.inSlices(staged, ({ key, value }) => {
      if (value.length === 0) this.savedSessions.remove(key);
      else this.savedSessions.put(key, value);
    });
    await this.transaction(() => {
      this.metaItems.remove(STAGED_KEY);
      this.staged.clearAsync();
    });
  }

  private async inSlices<T>(items: Iterable<T>, write: (item: T) => void): Promise<void> {
    const iterator = items[Symbol.iterator]();
    let next = iterator.next();
    while (next.done !== true) {
      await this.transaction(() => {
        for (let count = 0; count < SLICE_ITEMS && next.done !== true; count++) {
          write(next.value);
          next = iterator.next();
        }
      });
    }
  }

  /** One durable transaction of what `write` puts and removes. */
  private async transaction(write: () => void): Promise<void> {
    await this.root.batch(write);
    // Reads that follow must not see the state before it.
    this.root.resetReadTxn();
  }

  private async requireRoomFor(recordBytes: number): Promise<void> {
    const needed = recordBytes + SPARE_BYTES;
    const free = await this.freeBytes();
    if (free >= needed) return;
    throw new CheckpointError(
      "ENOSPC",
      `${this.path}: a checkpoint needs ${needed} bytes, the disk has ${free}`,
    );
  }

  /** LMDB reports a full disk as an I/O error when the system wrote a part; the room that is left tells them apart. */
  private async explain(error: unknown): Promise<CheckpointError> {
    const cause: unknown = await Promise.resolve((error as { commitError?: unknown }).commitError).then(
      () => error,
      (reason: unknown) => reason,
    );
    const problem = `${this.path}: the checkpoint could not be written: ${(cause as Error).message}`;
    const isFull = (await this.freeBytes()) < SPARE_BYTES;
    return new CheckpointError(isFull ? "ENOSPC" : "EIO", problem, cause);
  }
}

/** LMDB makes its file, but leaves it to others to make the file's name durable. */
async function syncDirectoryOf(path: string): Promise<void> {
  const directory = await openFile(dirname(path), "r");
  await directory.sync().finally(() => directory.close());
}

/** Errors by which LMDB says that its file is not what it wrote, or shows it by stumbling (lmdb.h, "Return Codes"). */
const DAMAGE_CODES: ReadonlySet<unknown> = new Set([
  -30797, // MDB_PAGE_NOTFOUND
  -30796, // MDB_CORRUPTED
  -30795, // MDB_PANIC
  -30794, // MDB_VERSION_MISMATCH
  -30793, // MDB_INVALID
  -30784, // MDB_INCOMPATIBLE
  -30782, // MDB_BAD_TXN
  -30781, // MDB_BAD_VALSIZE
]);
/** What the library throws itself when LMDB hands it such a key. It has no code. */
const BAD_KEY = /^Invalid key size/;

/** @throws StoreDamagedError in place of what LMDB throws when it finds damage */
function orDamaged<T>(path: string, revision: number | null, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isDamage = DAMAGE_CODES.has((error as { code?: unknown }).code) || BAD_KEY.test(error.message);
    if (!isDamage) throw error;
    throw new StoreDamagedError(path, revision, `LMDB cannot read it: ${error.message}`);
  }
}

async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}
