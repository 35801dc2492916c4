/**
 * The world as the node, the log and the sessions see it. Production plugs in the real ones (`real-ports.ts`);
 * the simulator plugs in its own, and so runs the very same code. Nothing else under `src/kv` may call `fs`,
 * `Date`, `setTimeout` or `Math.random`.
 */

/** Time that only goes forward, and timers on it. */
export interface Clock {
  /** Milliseconds since an arbitrary moment; never goes back, whatever the wall clock does. */
  nowMs(): number;
  /** Calls `callback` once, `delayMs` from now. Returns a function that takes it back. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls `callback` when the input that is at hand has been dealt with, before time goes on (one turn of the event loop). */
  endOfTurn(callback: () => void): void;
}

/** Numbers that nobody can foresee. */
export interface Random {
  /** An integer, 1 to 2^53 − 1. */
  identifier(): number;
  /** `count` random bytes. */
  bytes(count: number): Uint8Array;
}

/**
 * One directory of files. Names are plain, without slashes.
 * All operations reject with the errno of the system in `code` (`ENOSPC`, `EIO`, …).
 */
export interface Disk {
  /** Where the directory is, for messages to people. */
  readonly path: string;
  list(): Promise<string[]>;
  open(name: string): Promise<DiskFile>;
  /** Makes a new, empty file; fails when there is one. */
  create(name: string): Promise<DiskFile>;
  /** Replaces `to`, if there is one. Durable only after `syncDirectory`. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  /** Makes creations, renames and removals durable. */
  syncDirectory(): Promise<void>;
}

export interface DiskFile {
  size(): Promise<number>;
  /** Up to `lengthBytes` from `position`; fewer only at the end of the file. */
  read(position: number, lengthBytes: number): Promise<Uint8Array>;
  /** Writes all of `bytes`. Durable only after `sync`. `bytes` must not change until it resolves. */
  write(position: number, bytes: Uint8Array): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** fdatasync(2). After it failed once, nothing written to this file may be trusted. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
