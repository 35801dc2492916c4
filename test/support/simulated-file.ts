/** What a disk writes as a whole or not at all. */
export const SECTOR_BYTES = 512;

/** Part of an unsynced write that lies in one sector. */
interface Piece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/**
 * The contents of one file, twice: as the processes see them, and as the disk holds them. Between the two lie the
 * writes that were not synced yet; the power failing, any of their sectors may or may not have arrived.
 */
export class SimulatedFile {
  private cached: Buffer = Buffer.alloc(0);
  private durable: Buffer = Buffer.alloc(0);
  private pieces: Piece[] = [];

  get sizeBytes(): number {
    return this.cached.length;
  }

  /** What a process would read now. */
  get content(): Buffer {
    return this.cached;
  }

  write(position: number, bytes: Uint8Array): void {
    this.cached = withBytes(this.cached, position, bytes);
    const end = position + bytes.length;
    for (let at = position; at < end; ) {
      const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
      this.pieces.push({
        position: at,
        bytes: Uint8Array.from(bytes.subarray(at - position, next - position)),
      });
      at = next;
    }
  }

  truncate(sizeBytes: number): void {
    this.cached = resized(this.cached, sizeBytes);
    // Simplification: shrinking is durable at once, growing with the next sync.
    if (sizeBytes < this.durable.length) this.durable = resized(this.durable, sizeBytes);
  }

  /** How many writes a sync that begins now covers. */
  get unsyncedPieces(): number {
    return this.pieces.length;
  }

  /** The first `count` unsynced pieces have reached the disk. */
  sync(count: number, sizeBytes: number): void {
    for (const piece of this.pieces.splice(0, count)) this.persist(piece);
    if (this.durable.length < sizeBytes) this.durable = resized(this.durable, sizeBytes);
  }

  /** A sync failed: what arrived arrived, and the kernel takes the rest for clean from now on. */
  failSync(arrives: () => boolean): void {
    for (const piece of this.pieces.splice(0)) if (arrives()) this.persist(piece);
  }

  /** The power fails: of the unsynced writes, any part is on the disk, in any order. */
  losePower(arrives: () => boolean): void {
    const size = arrives() ? this.cached.length : this.durable.length;
    for (const piece of this.pieces.splice(0)) if (arrives()) this.persist(piece);
    this.durable = resized(this.durable, size);
    this.cached = Buffer.from(this.durable);
  }

  /** Puts other contents on the disk, for tests of damage. */
  overwrite(content: Uint8Array): void {
    this.pieces = [];
    this.durable = Buffer.from(content);
    this.cached = Buffer.from(content);
  }

  private persist({ position, bytes }: Piece): void {
    this.durable = withBytes(this.durable, position, bytes);
  }
}

function withBytes(content: Buffer, position: number, bytes: Uint8Array): Buffer {
  const target =
    content.length < position + bytes.length ? resized(content, position + bytes.length) : content;
  target.set(bytes, position);
  return target;
}

/** Cut off, or filled with zeros. */
function resized(content: Buffer, sizeBytes: number): Buffer {
  const copy = Buffer.alloc(sizeBytes);
  content.copy(copy, 0, 0, sizeBytes);
  return copy;
}
