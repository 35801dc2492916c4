import type { Disk, DiskFile } from "../ports.ts";
import { isOutOfSpace } from "./errors.ts";

/** The name under which the next segment lies until it is begun. */
export const SPARE_NAME = "next.tmp";

const ZEROS = new Uint8Array(1 << 20);

/** Overwrites `from` to `to` with zeros; not durable before a `sync`. */
export async function writeZeros(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += ZEROS.length) {
    await file.write(at, ZEROS.subarray(0, Math.min(ZEROS.length, to - at)));
  }
}

export interface SpareSegmentEvents {
  /** It became ready, or could not for lack of space. */
  changed(): void;
  /** It could not be prepared for any other reason. */
  failed(error: unknown): void;
}

/**
 * The file that becomes the next segment, made ready before it is needed: all its blocks are written, so that
 * using it later neither runs out of space nor changes any metadata that an fdatasync would have to write.
 *
 * States: none → preparing → ready → (taken) none; preparing → full when the disk is, back by `prepare`;
 * any → closed.
 */
export class SpareSegment {
  private readonly disk: Disk;
  readonly capacityBytes: number;
  private readonly events: SpareSegmentEvents;
  private file: DiskFile | undefined;
  private preparing: Promise<void> | undefined;
  private outOfSpace = false;
  private closed = false;
  private waiter: (() => void) | undefined;

  constructor(disk: Disk, capacityBytes: number, events: SpareSegmentEvents) {
    this.disk = disk;
    this.capacityBytes = capacityBytes;
    this.events = events;
  }

  /** True from the moment that preparing failed for lack of space until it succeeds. */
  get isOutOfSpace(): boolean {
    return this.outOfSpace;
  }

  /** Begins to prepare one in the background, unless there is one or it is under way. */
  prepare(): void {
    if (this.file !== undefined || this.preparing !== undefined || this.closed) return;
    this.preparing = this.make().then(
      (file) => this.done(file),
      (error: unknown) => this.failed(error),
    );
  }

  /** Resolves to true when there is a prepared file, to false when there will be none: it was closed. */
  async ready(): Promise<boolean> {
    while (this.file === undefined && !this.closed) {
      await new Promise<void>((resolve) => {
        this.waiter = resolve;
      });
    }
    return !this.closed;
  }

  /** The prepared file, which must be ready. The caller renames it. */
  take(): DiskFile {
    const file = this.file!;
    this.file = undefined;
    return file;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake();
    await this.preparing;
    await this.file?.close();
    this.file = undefined;
  }

  private async make(): Promise<DiskFile> {
    const file = await this.disk.create(SPARE_NAME);
    try {
      for (let at = 0; at < this.capacityBytes && !this.closed; at += ZEROS.length) {
        await writeZeros(file, at, Math.min(at + ZEROS.length, this.capacityBytes));
        // Piece by piece: the syncs of the log wait behind at most one piece.
        await file.sync();
      }
    } catch (error) {
      await file.close();
      if (isOutOfSpace(error)) await this.disk.remove(SPARE_NAME);
      throw error;
    }
    return file;
  }

  private done(file: DiskFile): void {
    this.preparing = undefined;
    this.file = file;
    this.outOfSpace = false;
    this.wake();
    this.events.changed();
  }

  private failed(error: unknown): void {
    this.preparing = undefined;
    if (isOutOfSpace(error)) {
      this.outOfSpace = true;
      this.events.changed();
    } else {
      this.events.failed(error);
    }
  }

  private wake(): void {
    this.waiter?.();
    this.waiter = undefined;
  }
}
