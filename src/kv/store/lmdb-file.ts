import { type FileHandle, open } from "node:fs/promises";
import { endianness } from "node:os";
import { StoreDamagedError } from "./errors.ts";

/*
 * A file of LMDB begins with two meta pages, and the one of the later transaction leads to all others (mdb.c:
 * MDB_page_header, MDB_meta, MDB_db). Numbers are in the byte order of the machine; pages are numbered from 0.
 */
const PAGE_HEADER_BYTES = 24;
const META_BYTES = 136;
const TREES_AT = [24, 72] as const;
const MAGIC = 0xbeef_c0de;
const FORMAT = 2;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;
/** LMDB descends into a tree with a stack of so many pages. */
const DEPTH_MAX = 32;
/** The root of a tree without pages. */
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
/** The last page may lie behind the end of the file, since pages that were freed at once are never written. */
const UNWRITTEN_PAGES_MAX = 65_536;

const BRANCH = 0x01;
const LEAF = 0x02;
const META = 0x08;

interface Tree {
  readonly depth: number;
  readonly entries: bigint;
  readonly root: bigint;
}

interface MetaPage {
  /** Where in the file it lies. */
  readonly at: number;
  readonly pageBytes: number;
  readonly flags: number;
  readonly trees: readonly Tree[];
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/**
 * LMDB takes its file at its word, and the process with it where a number in it leads nowhere. What can be seen to
 * be wrong with the two pages that lead to all others is told instead, before the file is opened.
 *
 * @throws StoreDamagedError; a file that is not there, or empty, is none of its business
 */
export async function requireLmdbFile(path: string): Promise<void> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size > 0) await new LmdbFile(path, file, size).check();
  } finally {
    await file.close();
  }
}

class LmdbFile {
  private readonly path: string;
  private readonly file: FileHandle;
  private readonly sizeBytes: number;

  constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.path = path;
    this.file = file;
    this.sizeBytes = sizeBytes;
  }

  async check(): Promise<void> {
    const first = await this.readMeta(0);
    const second = await this.readMeta(first.pageBytes);
    if (first.pageBytes !== second.pageBytes || first.flags !== second.flags)
      throw this.damaged(second.at, "contradicts the first one");
    // Of the other one the pages may have been used again.
    const current = second.transaction > first.transaction ? second : first;
    for (const tree of current.trees) if (tree.root !== NO_PAGE) await this.checkRoot(tree, current);
  }

  private async readMeta(at: number): Promise<MetaPage> {
    const page = await this.read(at, PAGE_HEADER_BYTES + META_BYTES);
    const meta = page.from(PAGE_HEADER_BYTES);
    if (meta.u32(0) !== MAGIC || page.u16(18) !== META) throw this.damaged(at, "is not one of LMDB");
    const format = meta.u32(4) & 0xffff;
    if (format !== FORMAT) throw this.damaged(at, `has format ${format} instead of ${FORMAT}`);
    const pageBytes = meta.u32(24);
    if (!isPageSize(pageBytes)) throw this.damaged(at, `has pages of ${pageBytes} bytes`);
    const trees = TREES_AT.map((tree) => ({
      depth: meta.u16(tree + 6),
      entries: meta.u64(tree + 32),
      root: meta.u64(tree + 40),
    }));
    const read = { at, pageBytes, flags: meta.u16(28), trees, lastPage: meta.u64(120) };
    this.requirePages(read);
    return { ...read, transaction: meta.u64(128) };
  }

  /** What a meta page says of pages can be true of this file. */
  private requirePages({ at, pageBytes, trees, lastPage }: Omit<MetaPage, "transaction">): void {
    const pages = BigInt(Math.ceil(this.sizeBytes / pageBytes));
    if (lastPage >= pages + BigInt(UNWRITTEN_PAGES_MAX))
      throw this.damaged(at, `speaks of ${lastPage} pages where there are ${pages}`);
    for (const { depth, root } of trees) {
      const isEmpty = root === NO_PAGE && depth === 0;
      const isInside = root > 1n && root <= lastPage && root < pages && depth >= 1 && depth <= DEPTH_MAX;
      if (!isEmpty && !isInside) throw this.damaged(at, `leads to page ${root} of ${pages}`);
    }
  }

  private async checkRoot({ depth, entries, root }: Tree, { at, pageBytes }: MetaPage): Promise<void> {
    const page = await this.read(Number(root) * pageBytes, PAGE_HEADER_BYTES);
    const isRoot =
      page.u64(0) === root &&
      page.u16(18) === (depth === 1 ? LEAF : BRANCH) &&
      (depth > 1 || BigInt(page.u16(20) >> 1) === entries);
    if (!isRoot) throw this.damaged(at, `leads to page ${root}, which is another one`);
  }

  private async read(at: number, lengthBytes: number): Promise<Numbers> {
    const bytes = Buffer.alloc(lengthBytes);
    await this.file.read(bytes, 0, lengthBytes, at);
    return new Numbers(bytes);
  }

  private damaged(metaAt: number, problem: string): StoreDamagedError {
    return new StoreDamagedError(this.path, null, `the meta page at byte ${metaAt} ${problem}`);
  }
}

/** Numbers in the byte order of the machine. */
class Numbers {
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  from(at: number): Numbers {
    return new Numbers(this.bytes.subarray(at));
  }

  u16(at: number): number {
    return IS_LITTLE ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }

  u32(at: number): number {
    return IS_LITTLE ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }

  u64(at: number): bigint {
    return IS_LITTLE ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at);
  }
}

const IS_LITTLE = endianness() === "LE";

function isPageSize(bytes: number): boolean {
  return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && (bytes & (bytes - 1)) === 0;
}
