import { LmdbNumbers } from "./lmdb-numbers.ts";

/*
 * The pages of a tree of LMDB (mdb.c: MDB_page_header, MDB_node, MDB_db, MDB_ovpage). A page is a header, then the
 * places of its nodes, in the order of their keys, and at its end the nodes themselves.
 */
export const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
const TREE_BYTES = 48;
const OVERFLOW_NODE_BYTES = 24;

const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
/** Of a page's flags, those that say what it is. */
const KIND_MASK = 0x6f;

/** The value of a node lies in pages of its own. */
const BIG_DATA = 0x01;
/** The value of a node is a tree: a named database. */
const SUB_DATA = 0x02;

/** The root of a tree without pages: all bits set. */
export const NO_PAGE: number = Number.POSITIVE_INFINITY;
/** LMDB descends into a tree with a stack of so many pages. */
const DEPTH_MAX = 32;

/** Pages are read so many bytes at a time, since neighbours are mostly wanted together. */
const READ_AHEAD_BYTES = 1 << 20;

export interface LmdbTree {
  readonly depth: number;
  readonly entries: number;
  readonly root: number;
}

/** A tree as a meta page or a node has it. */
export function treeAt(numbers: LmdbNumbers, at: number): LmdbTree {
  return { depth: numbers.u16(at + 6), entries: numbers.u64(at + 32), root: numbers.u64(at + 40) };
}

/** Why the trees of a file are not what LMDB wrote. */
export class LmdbTreeError extends Error {
  override readonly name: string = "LmdbTreeError";
}

/**
 * Looks at every page of the trees of a file: that each is the one it should be and lies inside the file, that what is
 * in it lies inside the page, that none is in two places, and that each tree has as many entries as it says.
 *
 * What the entries hold is not its business. It reads on the calling thread, before there is anything else to do.
 */
export class LmdbTrees {
  private readonly readFile: (target: Buffer, at: number) => number;
  private readonly pageBytes: number;
  private readonly pages: number;
  private readonly transaction: number;
  private readonly seen: Uint8Array;
  private window = Buffer.alloc(0);
  private windowAt = 0;

  /**
   * @param transaction  the last one that was committed
   * @param readFile  reads from the file, as much as there is at `at` and fits; returns the number of bytes
   */
  constructor(
    { pageBytes, sizeBytes, transaction }: { pageBytes: number; sizeBytes: number; transaction: number },
    readFile: (target: Buffer, at: number) => number,
  ) {
    this.readFile = readFile;
    this.transaction = transaction;
    this.pageBytes = pageBytes;
    this.pages = Math.floor(sizeBytes / pageBytes);
    this.seen = new Uint8Array(this.pages);
  }

  /** @throws LmdbTreeError */
  check({ depth, entries, root }: LmdbTree, name: string): void {
    if (root === NO_PAGE && depth === 0 && entries === 0) return;
    if (depth < 1 || depth > DEPTH_MAX) throw new LmdbTreeError(`${name} is a tree of ${depth} levels`);
    const found = this.checkPage(root, depth);
    if (found !== entries) throw new LmdbTreeError(`${name} has ${found} entries instead of ${entries}`);
  }

  /** @returns the entries below the page */
  private checkPage(number: number, depth: number): number {
    this.visit(number, 1);
    const page = this.read(number, depth === 1 ? LEAF : BRANCH);
    const lower = page.u16(20);
    const upper = page.u16(22);
    const room = this.pageBytes - PAGE_HEADER_BYTES;
    if (lower === 0 || lower % 2 !== 0 || lower > upper || upper > room)
      throw damaged(number, "is malformed");
    let entries = 0;
    for (let place = 0; place < lower; place += 2) {
      const at = page.u16(PAGE_HEADER_BYTES + place);
      if (at < upper || at + NODE_HEADER_BYTES > room) throw damaged(number, "has a node outside");
      const node = page.from(PAGE_HEADER_BYTES + at);
      const nodeRoom = room - at - NODE_HEADER_BYTES - node.u16(6);
      entries +=
        depth === 1
          ? this.checkLeaf(node, nodeRoom, number)
          : this.checkBranch(node, nodeRoom, number, depth);
    }
    return entries;
  }

  private checkBranch(node: LmdbNumbers, room: number, number: number, depth: number): number {
    if (room < 0) throw damaged(number, "has a key that does not end in it");
    return this.checkPage(lowNumber(node) + node.u16(4) * 2 ** 32, depth - 1);
  }

  private checkLeaf(node: LmdbNumbers, room: number, number: number): number {
    const flags = node.u16(4);
    const valueAt = NODE_HEADER_BYTES + node.u16(6);
    const valueBytes = lowNumber(node);
    const isBig = (flags & BIG_DATA) !== 0;
    if ((isBig ? OVERFLOW_NODE_BYTES : valueBytes) > room)
      throw damaged(number, "has a value that does not end in it");
    if (isBig) this.checkOverflow(node.u64(valueAt), valueBytes);
    else if ((flags & SUB_DATA) !== 0) {
      if (valueBytes !== TREE_BYTES) throw damaged(number, "has a database that is none");
      this.check(treeAt(node, valueAt), `a database of page ${number}`);
    } else if (flags !== 0) throw damaged(number, "has a value of an unknown kind");
    return 1;
  }

  private checkOverflow(number: number, valueBytes: number): void {
    const count = Math.floor((PAGE_HEADER_BYTES - 1 + valueBytes) / this.pageBytes) + 1;
    this.visit(number, count);
    if (this.read(number, OVERFLOW).u32(20) !== count)
      throw damaged(number, "is the first of another number of pages");
  }

  /** Pages 0 and 1 are the meta pages. */
  private visit(number: number, count: number): void {
    if (number < 2 || number + count > this.pages)
      throw new LmdbTreeError(`a page is wanted that is not among the ${this.pages} of the file: ${number}`);
    for (let page = number; page < number + count; page++) {
      if (this.seen[page] === 1) throw damaged(page, "is in two places");
      this.seen[page] = 1;
    }
  }

  private read(number: number, kind: number): LmdbNumbers {
    const at = number * this.pageBytes;
    if (at < this.windowAt || at + this.pageBytes > this.windowAt + this.window.length) this.moveWindow(at);
    const start = at - this.windowAt;
    const page = new LmdbNumbers(this.window.subarray(start, start + this.pageBytes));
    if (page.u64(0) !== number || (page.u16(18) & KIND_MASK) !== kind)
      throw damaged(number, "is another one");
    // LMDB would take it for one that it is changing itself.
    if (page.u64(8) > this.transaction) throw damaged(number, "comes from the future");
    return page;
  }

  private moveWindow(at: number): void {
    const bytes = Buffer.alloc(Math.min(READ_AHEAD_BYTES, this.pages * this.pageBytes - at));
    let filled = 0;
    while (filled < bytes.length) {
      const count = this.readFile(bytes.subarray(filled), at + filled);
      if (count === 0) throw new LmdbTreeError(`the file ends at byte ${at + filled}`);
      filled += count;
    }
    this.window = bytes;
    this.windowAt = at;
  }
}

/** The first four bytes of a node: the size of its value, or the lower part of a page number. */
function lowNumber(node: LmdbNumbers): number {
  return node.u32(0);
}

function damaged(page: number, problem: string): LmdbTreeError {
  return new LmdbTreeError(`page ${page} ${problem}`);
}
