import * as fs from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Disk, DiskFile } from "./ports.ts";

/**
 * Up to so many bytes a write is done on the calling thread: it only copies into the kernel's memory, which takes
 * less time than the way to the thread pool and back.
 */
const SYNCHRONOUS_WRITE_BYTES = 65536;

/** What is stored is nobody else's business, and LMDB leaves its files open to all. */
const FOR_OWNER = 0o700;

/** A directory of the file system. */
export class RealDisk implements Disk {
  readonly path: string;
  private readonly directory: fs.promises.FileHandle;

  /** Opens the directory `path`; makes it, and the ones above it, if need be. */
  static async open(path: string): Promise<RealDisk> {
    const absolute = resolve(path);
    const made = await makeDirectory(absolute);
    if (made !== undefined) await syncParents(absolute, made);
    return new RealDisk(absolute, await fs.promises.open(absolute, "r"));
  }

  private constructor(path: string, directory: fs.promises.FileHandle) {
    this.path = path;
    this.directory = directory;
  }

  list(): Promise<string[]> {
    return fs.promises.readdir(this.path);
  }

  open(name: string): Promise<DiskFile> {
    return this.openFile(name, "r+");
  }

  create(name: string): Promise<DiskFile> {
    return this.openFile(name, "wx+");
  }

  rename(from: string, to: string): Promise<void> {
    return fs.promises.rename(join(this.path, from), join(this.path, to));
  }

  remove(name: string): Promise<void> {
    return fs.promises.unlink(join(this.path, name));
  }

  syncDirectory(): Promise<void> {
    return this.directory.sync();
  }

  /** Gives the directory back; files that were opened stay open. */
  close(): Promise<void> {
    return this.directory.close();
  }

  private async openFile(name: string, flags: string): Promise<DiskFile> {
    const fd = await settle<number>((done) => fs.open(join(this.path, name), flags, 0o600, done));
    return new RealFile(fd);
  }
}

class RealFile implements DiskFile {
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  async size(): Promise<number> {
    const stats = await settle<fs.Stats>((done) => fs.fstat(this.fd, done));
    return stats.size;
  }

  async read(position: number, lengthBytes: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(lengthBytes);
    let filled = 0;
    while (filled < lengthBytes) {
      const count = await settle<number>((done) =>
        fs.read(this.fd, bytes, filled, lengthBytes - filled, position + filled, done),
      );
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const from = written;
      const left = bytes.length - written;
      written +=
        left <= SYNCHRONOUS_WRITE_BYTES
          ? fs.writeSync(this.fd, bytes, from, left, position + from)
          : await settle<number>((done) => fs.write(this.fd, bytes, from, left, position + from, done));
    }
  }

  truncate(sizeBytes: number): Promise<void> {
    return settle<void>((done) => fs.ftruncate(this.fd, sizeBytes, done));
  }

  sync(): Promise<void> {
    return settle<void>((done) => fs.fdatasync(this.fd, done));
  }

  close(): Promise<void> {
    return settle<void>((done) => fs.close(this.fd, done));
  }
}

/** The outcome of a callback API as a promise. */
function settle<T>(start: (done: (error: Error | null, result?: T) => void) => void): Promise<T> {
  return new Promise((resolveWith, rejectWith) => {
    start((error, result) => {
      if (error === null || error === undefined) resolveWith(result as T);
      else rejectWith(error);
    });
  });
}

/**
 * Makes the directory, and the ones above it if need be. Node's own way to do that never ends where a file system
 * takes no new names, as below /proc.
 *
 * @returns the topmost one that it made; undefined: there was nothing to make
 */
async function makeDirectory(path: string): Promise<string | undefined> {
  try {
    await fs.promises.mkdir(path, FOR_OWNER);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await isDirectory(path))) return undefined;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
  }
  const made = await makeDirectory(dirname(path));
  await fs.promises.mkdir(path, FOR_OWNER);
  return made ?? path;
}

/** False also for a link to what is not there. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await fs.promises.stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Makes the directories from `made` down to `path` durable, by their entries in the ones above. */
async function syncParents(path: string, made: string): Promise<void> {
  for (let at = path; at.length >= made.length; at = dirname(at)) {
    const parent = await fs.promises.open(dirname(at), "r");
    try {
      await parent.sync();
    } finally {
      await parent.close();
    }
  }
}
