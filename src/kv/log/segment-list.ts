import type { LogIndex } from "../../raft/types.ts";
import type { DiskFile } from "../ports.ts";
import { segmentName } from "./format.ts";

/** One file of the log. */
export interface Segment {
  readonly number: number;
  /** Not the file's own: that is the one under which it was prepared. */
  readonly name: string;
  readonly file: DiskFile;
  readonly capacityBytes: number;
  /** Where the next record goes. */
  usedBytes: number;
  /** The entries at and behind this index, up to where the next segment begins, are in this one. */
  firstIndex: LogIndex;
  /** Reads under way; the file is closed only when they are done. */
  readonly reads: Set<Promise<unknown>>;
}

export function newSegment(
  number: number,
  file: DiskFile,
  capacityBytes: number,
  usedBytes: number,
  firstIndex: LogIndex,
): Segment {
  return { number, name: segmentName(number), file, capacityBytes, usedBytes, firstIndex, reads: new Set() };
}

/** Closes the file, after the reads that are under way. */
export async function closeSegment(segment: Segment): Promise<void> {
  await Promise.allSettled(segment.reads);
  await segment.file.close();
}

/** All segments, oldest first, and which of them holds which entry. There is always at least one. */
export class SegmentList {
  private readonly segments: Segment[];

  constructor(segments: Segment[]) {
    this.segments = segments;
  }

  /** The one that is written to. */
  get current(): Segment {
    return this.segments[this.segments.length - 1]!;
  }

  get oldest(): Segment {
    return this.segments[0]!;
  }

  get count(): number {
    return this.segments.length;
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.capacityBytes, 0);
  }

  all(): readonly Segment[] {
    return this.segments;
  }

  add(segment: Segment): void {
    this.segments.push(segment);
  }

  /** Entries from `index` on are now in the current segment, also where an older one had others in their place. */
  noteEntriesFrom(index: LogIndex): void {
    for (let at = this.segments.length - 1; at >= 0; at--) {
      const segment = this.segments[at]!;
      if (segment.firstIndex <= index) return;
      segment.firstIndex = index;
    }
  }

  /** The segment that holds `index`. */
  find(index: LogIndex): Segment {
    let at = this.segments.length - 1;
    while (at > 0 && this.segments[at]!.firstIndex > index) at -= 1;
    return this.segments[at]!;
  }

  /** True when the oldest segment holds no entry behind `index` and is not the only one. */
  canDiscardOldest(index: LogIndex): boolean {
    const second = this.segments[1];
    return second !== undefined && second.firstIndex <= index + 1;
  }

  takeOldest(): Segment {
    return this.segments.shift()!;
  }
}
