import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { StoreDamagedError } from "./errors.ts";
import { LmdbNumbers } from "./lmdb-numbers.ts";
import { type LmdbTree, LmdbTreeError, LmdbTrees, NO_PAGE, PAGE_HEADER_BYTES, treeAt } from "./lmdb-trees.ts";

/*
 * A file of LMDB begins with two meta pages, and the one of the later transaction leads to all others (mdb.c:
 * MDB_page_header, MDB_meta). Pages are numbered from 0.
 */
const META_BYTES = 136;
const TREES_AT = [24, 72] as const;
const TREE_NAMES = ["the tree of free pages", "the tree of databases"] as const;
const MAGIC = 0xbeef_c0de;
const FORMAT = 2;
const PAGE_BYTES_MIN = 256;
const PAGE_BYTES_MAX = 65_536;
/** The last page may lie behind the end of the file, since pages that were freed at once are never written. */
const UNWRITTEN_PAGES_MAX = 65_536;
const META = 0x08;

interface MetaPage {
  /** Where in the file it lies. */
  readonly at: number;
  readonly pageBytes: number;
  readonly flags: number;
  /** Of the free pages, and of the names of the databases. */
  readonly trees: readonly LmdbTree[];
  readonly lastPage: number;
  readonly transaction: number;
}

/**
 * LMDB takes its file at its word, and the process with it where a number in it leads nowhere. So all pages that it
 * could come to are looked at before it is opened; a gigabyte takes about two seconds.
 *
 * @throws StoreDamagedError; a file that is not there, or empty, is none of its business
 */
export async function requireLmdbFile(path: string): Promise<void> {
  const file = await openIfThere(path);
  if (file === undefined) return;
  try {
    const { size } = await file.stat();
    if (size > 0) await new LmdbFile(path, file, size).check();
  } finally {
    await file.close();
  }
}

/**
 * LMDB ends the process where it cannot use its lock file.
 * @throws the error of the system (the promise)
 */
export async function requireLockFile(path: string): Promise<void> {
  const file = await openIfThere(path);
  await file?.close();
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
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
    const { trees, pageBytes, transaction } = second.transaction > first.transaction ? second : first;
    const pages = new LmdbTrees({ pageBytes, sizeBytes: this.sizeBytes, transaction }, (target, at) =>
      readSync(this.file.fd, target, 0, target.length, at),
    );
    try {
      for (const [which, name] of TREE_NAMES.entries()) pages.check(trees[which]!, name);
    } catch (error) {
      if (error instanceof LmdbTreeError) throw new StoreDamagedError(this.path, null, error.message);
      throw error;
    }
  }

  private async readMeta(at: number): Promise<MetaPage> {
    const page = await this.read(at, PAGE_HEADER_BYTES + META_BYTES);
    const meta = page.from(PAGE_HEADER_BYTES);
    if (meta.u32(0) !== MAGIC || page.u16(18) !== META) throw this.damaged(at, "is not one of LMDB");
    const format = meta.u32(4) & 0xffff;
    if (format !== FORMAT) throw this.damaged(at, `has format ${format} instead of ${FORMAT}`);
    const pageBytes = meta.u32(24);
    if (!isPageSize(pageBytes)) throw this.damaged(at, `has pages of ${pageBytes} bytes`);
    const trees = TREES_AT.map((tree) => treeAt(meta, tree));
    const read = { at, pageBytes, flags: meta.u16(28), trees, lastPage: meta.u64(120) };
    this.requirePages(read);
    return { ...read, transaction: meta.u64(128) };
  }

  /** What a meta page says of pages can be true of this file. */
  private requirePages({ at, pageBytes, trees, lastPage }: Omit<MetaPage, "transaction">): void {
    const pages = Math.ceil(this.sizeBytes / pageBytes);
    if (lastPage >= pages + UNWRITTEN_PAGES_MAX)
      throw this.damaged(at, `speaks of ${lastPage} pages where there are ${pages}`);
    for (const { root } of trees) {
      if (root !== NO_PAGE && root > lastPage) throw this.damaged(at, `leads to page ${root} of ${lastPage}`);
    }
  }

  private async read(at: number, lengthBytes: number): Promise<LmdbNumbers> {
    const bytes = Buffer.alloc(lengthBytes);
    await this.file.read(bytes, 0, lengthBytes, at);
    return new LmdbNumbers(bytes);
  }

  private damaged(metaAt: number, problem: string): StoreDamagedError {
    return new StoreDamagedError(this.path, null, `the meta page at byte ${metaAt} ${problem}`);
  }
}

function isPageSize(bytes: number): boolean {
  return bytes >= PAGE_BYTES_MIN && bytes <= PAGE_BYTES_MAX && (bytes & (bytes - 1)) === 0;
}
