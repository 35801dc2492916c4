/** What one checkpoint adds to a `RecordStore`. */
export interface CheckpointWrites {
  /** The records of these revisions, both included; none when `lastRevision` is the smaller. */
  readonly firstRevision: number;
  readonly lastRevision: number;
  /** Bytes of all these records together. */
  readonly recordBytes: number;
  /** @returns bytes that do not change any more */
  recordAt(revision: number): Uint8Array;
  /** State of each session that changed; null: it is gone. The id is the latin1 form of its bytes. */
  readonly sessions: ReadonlyMap<string, Uint8Array | null>;
  readonly meta: Uint8Array;
}

/**
 * The durable half of the store: records by revision, sessions by id, and one meta item, all opaque bytes.
 *
 * A checkpoint takes effect as a whole or not at all, whenever the process ends or the power fails. Checksums are
 * the caller's.
 */
export interface RecordStore {
  /** The file, for messages to people. */
  readonly path: string;
  /** As of the last checkpoint; undefined when there was none. */
  meta(): Uint8Array | undefined;
  /** Bytes of the caller's own; undefined when there is no such record. */
  record(revision: number): Uint8Array | undefined;
  /** Calls `visit` for the records from 1 to `lastRevision` in order, those there are; the bytes are valid during the call. */
  scan(lastRevision: number, visit: (revision: number, bytes: Uint8Array) => void): void;
  sessions(): ReadonlyMap<string, Uint8Array>;
  /**
   * Durable when it resolves. One at a time.
   * @throws CheckpointError (the promise); nothing of it has taken effect then
   */
  commit(writes: CheckpointWrites): Promise<void>;
  close(): Promise<void>;
}
