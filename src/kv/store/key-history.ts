const FIRST_CAPACITY = 4;

/**
 * What became of one key: its metadata as they are now, and the revisions that changed it.
 *
 * Most keys have one revision, which needs no array; one that has many gets an array that doubles, so that adding
 * to a key of hundreds of thousands of revisions costs no more than to others.
 */
export class KeyHistory {
  /** The latest revision that changed the key. */
  modRevision: number;
  createRevision: number;
  /** 0: the key was deleted. */
  keyVersion: number;
  private olderCount = 0;
  private older: number[] | null = null;

  constructor(modRevision: number, createRevision: number, keyVersion: number) {
    this.modRevision = modRevision;
    this.createRevision = createRevision;
    this.keyVersion = keyVersion;
  }

  get isDeleted(): boolean {
    return this.keyVersion === 0;
  }

  /** The key changed again. */
  change(revision: number, createRevision: number, keyVersion: number): void {
    this.pushOlder(this.modRevision);
    this.modRevision = revision;
    this.createRevision = createRevision;
    this.keyVersion = keyVersion;
  }

  /** The latest change at or before `revision`; 0 when the key was not there yet. */
  changeAt(revision: number): number {
    if (revision >= this.modRevision) return this.modRevision;
    if (this.older === null) return 0;
    let low = 0;
    let high = this.olderCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.older[middle]! <= revision) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.older[low - 1]!;
  }

  private pushOlder(revision: number): void {
    if (this.older === null) this.older = new Array<number>(FIRST_CAPACITY);
    else if (this.olderCount === this.older.length) this.older = enlarged(this.older);
    this.older[this.olderCount] = revision;
    this.olderCount += 1;
  }
}

/** By exactly the double: `push` would add room for 16 more to each of millions of small arrays. */
function enlarged(array: readonly number[]): number[] {
  const larger = new Array<number>(array.length * 2);
  for (let at = 0; at < array.length; at++) larger[at] = array[at]!;
  return larger;
}
