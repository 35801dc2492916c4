import { checksumOf } from "./record-codec.ts";

/** Sessions by id, sealed; null: the session is gone. */
export type SealedSessions = ReadonlyMap<string, Uint8Array | null>;

/**
 * The sum of the checksums of all sessions. Each session has a checksum of its own, but nothing else would tell that
 * one is missing, or is an older one; and a server that has forgotten a session applies a write twice.
 */
export class SessionSum {
  private readonly checksums = new Map<string, number>();
  private sum = 0;

  /** 131,072 sessions of 32 bits: exact as a number. */
  get value(): number {
    return this.sum;
  }

  /** What it will be when these have changed. */
  after(changes: SealedSessions): number {
    let sum = this.sum;
    for (const [id, item] of changes) {
      sum += (item === null ? 0 : checksumOf(item)) - (this.checksums.get(id) ?? 0);
    }
    return sum;
  }

  change(changes: SealedSessions): void {
    this.sum = this.after(changes);
    for (const [id, item] of changes) {
      if (item === null) this.checksums.delete(id);
      else this.checksums.set(id, checksumOf(item));
    }
  }
}
