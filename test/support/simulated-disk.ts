import type { Disk, DiskFile } from "../../src/kv/ports.ts";
import { SimulatedFile } from "./simulated-file.ts";

export interface SimulatedDiskOptions {
  /** Decides what a power failure leaves; from 0 to 1. */
  readonly random: () => number;
  /** When an operation is done. Default: a microtask later. A simulator passes its clock. */
  readonly later?: (callback: () => void) => void;
  readonly path?: string;
}

/** A change of the directory that is not on the disk before `syncDirectory`. */
interface DirectoryChange {
  readonly remove: string | null;
  readonly add: readonly [name: string, file: SimulatedFile] | null;
}

type Fault = { readonly code: string; readonly matches: (operation: string, name: string) => boolean };

/** An error as the system reports it. */
export class DiskError extends Error {
  readonly code: string;

  constructor(code: string, operation: string, name: string) {
    super(`${code}: ${operation} ${name}`);
    this.code = code;
  }
}

/**
 * A directory on a disk that can lose power, run full and fail.
 *
 * What was written but not synced, and what was created, renamed or removed without syncing the directory, may or
 * may not be there after `losePower`, each sector and each change by itself. `endProcess` is kinder: all that was
 * written is there, but still not on the disk.
 *
 * A process uses it by `mount`. After either end its mount is dead: operations have no effect and never end, as
 * those of a process that is gone.
 */
export class SimulatedDisk {
  readonly path: string;
  /** Bytes that all files together may take. */
  capacityBytes: number = Number.POSITIVE_INFINITY;
  /** How many operations were begun. */
  operations = 0;
  /** The power fails when the operation of this number begins. */
  losePowerAt: number = Number.POSITIVE_INFINITY;
  /** Called when it did. */
  onPowerLost: () => void = () => {};

  /** As processes see the directory, and as it is on the disk. */
  entries: Map<string, SimulatedFile> = new Map();
  private durableEntries = new Map<string, SimulatedFile>();
  private changes: DirectoryChange[] = [];
  private readonly random: () => number;
  private readonly later: (callback: () => void) => void;
  /** Counts the processes that used it. */
  private life = 0;
  private faults: Fault[] = [];

  constructor(options: SimulatedDiskOptions) {
    this.random = options.random;
    this.later = options.later ?? queueMicrotask;
    this.path = options.path ?? "/simulated";
  }

  /** The disk as the process that begins now sees it. */
  mount(): Disk {
    return new MountedDisk(this, this.life);
  }

  /** The next operation that matches fails with `code`, for example `failNext("EIO", "sync")`. */
  failNext(code: string, operation: string, name?: string): void {
    const matches = (what: string, where: string): boolean =>
      what === operation && (name === undefined || name === where);
    this.faults.push({ code, matches });
  }

  /** The power fails, and comes back. */
  losePower(): void {
    this.life += 1;
    const chance = [0, 0.5, 1][Math.floor(this.random() * 3)]!;
    const arrives = (): boolean => this.random() < chance;
    const files = new Set([...this.entries.values(), ...this.durableEntries.values()]);
    for (const file of files) file.losePower(arrives);
    for (const change of this.changes.splice(0)) if (arrives()) applyChange(this.durableEntries, change);
    this.entries = new Map(this.durableEntries);
    this.faults = [];
  }

  /** The process ends, as by SIGKILL; the machine goes on. */
  endProcess(): void {
    this.life += 1;
    this.faults = [];
  }

  /** Bytes that all files take. */
  get usedBytes(): number {
    let bytes = 0;
    for (const file of this.entries.values()) bytes += file.sizeBytes;
    return bytes;
  }

  /** Names, in order. */
  get names(): string[] {
    return [...this.entries.keys()].sort();
  }

  /** A copy of what is in a file. */
  contentOf(name: string): Buffer {
    return Buffer.from(this.fileOf("read", name).content);
  }

  /** Replaces what is in a file, durably; makes it if there is none. */
  overwrite(name: string, content: Uint8Array): void {
    const file = this.entries.get(name) ?? new SimulatedFile();
    file.overwrite(content);
    this.entries.set(name, file);
    this.durableEntries.set(name, file);
  }

  /** Takes a file away, durably. */
  lose(name: string): void {
    this.entries.delete(name);
    this.durableEntries.delete(name);
  }

  /**
   * Carries out one operation: `begin` takes effect at once (a write in flight when the power fails may have
   * arrived), and returns what happens when it is done.
   */
  operate<T>(life: number, operation: string, name: string, begin: () => () => T): Promise<T> {
    if (life !== this.life) return new Promise(() => {});
    this.operations += 1;
    const powerFails = this.operations === this.losePowerAt;
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        this.later(() => {
          if (life !== this.life) return;
          try {
            outcome();
          } catch (error) {
            reject(error);
          }
        });
      };
      try {
        const fault = this.takeFault(operation, name);
        if (fault !== undefined) throw new DiskError(fault.code, operation, name);
        const finish = begin();
        settle(() => resolve(finish()));
      } catch (error) {
        settle(() => reject(error));
      }
      if (powerFails) {
        this.losePower();
        this.onPowerLost();
      }
    });
  }

  /** @throws DiskError `ENOSPC` */
  requireRoom(name: string, moreBytes: number): void {
    if (moreBytes > 0 && this.usedBytes + moreBytes > this.capacityBytes)
      throw new DiskError("ENOSPC", "write", name);
  }

  /** Part of what was not synced has arrived all the same. */
  arrives(): boolean {
    return this.random() < 0.5;
  }

  /** @throws DiskError `ENOENT` */
  fileOf(operation: string, name: string): SimulatedFile {
    const file = this.entries.get(name);
    if (file === undefined) throw new DiskError("ENOENT", operation, name);
    return file;
  }

  changeDirectory(change: DirectoryChange): void {
    this.changes.push(change);
    applyChange(this.entries, change);
  }

  get unsyncedChanges(): number {
    return this.changes.length;
  }

  syncChanges(count: number): void {
    for (const change of this.changes.splice(0, count)) applyChange(this.durableEntries, change);
  }

  private takeFault(operation: string, name: string): Fault | undefined {
    const at = this.faults.findIndex((fault) => fault.matches(operation, name));
    return at === -1 ? undefined : this.faults.splice(at, 1)[0];
  }
}

function applyChange(entries: Map<string, SimulatedFile>, { remove, add }: DirectoryChange): void {
  if (remove !== null) entries.delete(remove);
  if (add !== null) entries.set(add[0], add[1]);
}

/** The disk in the hands of one process. */
class MountedDisk implements Disk {
  readonly path: string;
  private readonly disk: SimulatedDisk;
  private readonly life: number;

  constructor(disk: SimulatedDisk, life: number) {
    this.path = disk.path;
    this.disk = disk;
    this.life = life;
  }

  list(): Promise<string[]> {
    return this.operate("list", "", () => () => [...this.disk.entries.keys()]);
  }

  open(name: string): Promise<DiskFile> {
    return this.operate("open", name, () => {
      const file = this.disk.fileOf("open", name);
      return () => new OpenFile(this.disk, this.life, name, file);
    });
  }

  create(name: string): Promise<DiskFile> {
    return this.operate("create", name, () => {
      if (this.disk.entries.has(name)) throw new DiskError("EEXIST", "create", name);
      const file = new SimulatedFile();
      this.disk.changeDirectory({ remove: null, add: [name, file] });
      return () => new OpenFile(this.disk, this.life, name, file);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.operate("rename", from, () => {
      this.disk.changeDirectory({ remove: from, add: [to, this.disk.fileOf("rename", from)] });
      return () => {};
    });
  }

  remove(name: string): Promise<void> {
    return this.operate("remove", name, () => {
      this.disk.fileOf("remove", name);
      this.disk.changeDirectory({ remove: name, add: null });
      return () => {};
    });
  }

  syncDirectory(): Promise<void> {
    return this.operate("syncDirectory", "", () => {
      const count = this.disk.unsyncedChanges;
      return () => this.disk.syncChanges(count);
    });
  }

  private operate<T>(operation: string, name: string, begin: () => () => T): Promise<T> {
    return this.disk.operate(this.life, operation, name, begin);
  }
}

class OpenFile implements DiskFile {
  private readonly name: string;
  private readonly disk: SimulatedDisk;
  private readonly life: number;
  private readonly file: SimulatedFile;
  private isOpen = true;

  constructor(disk: SimulatedDisk, life: number, name: string, file: SimulatedFile) {
    this.disk = disk;
    this.life = life;
    this.name = name;
    this.file = file;
  }

  size(): Promise<number> {
    return this.operate("size", () => () => this.file.sizeBytes);
  }

  read(position: number, lengthBytes: number): Promise<Uint8Array> {
    return this.operate("read", () => () => {
      if (!this.isOpen) throw new DiskError("EBADF", "read", this.name);
      return Uint8Array.from(this.file.content.subarray(position, position + lengthBytes));
    });
  }

  write(position: number, bytes: Uint8Array): Promise<void> {
    return this.operate("write", () => {
      this.disk.requireRoom(this.name, position + bytes.length - this.file.sizeBytes);
      this.file.write(position, bytes);
      return () => {};
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.operate("truncate", () => {
      this.disk.requireRoom(this.name, sizeBytes - this.file.sizeBytes);
      this.file.truncate(sizeBytes);
      return () => {};
    });
  }

  sync(): Promise<void> {
    const { unsyncedPieces, sizeBytes } = this.file;
    const synced = this.operate("sync", () => () => this.file.sync(unsyncedPieces, sizeBytes));
    return synced.catch((error: unknown) => {
      this.file.failSync(() => this.disk.arrives());
      throw error;
    });
  }

  close(): Promise<void> {
    return this.operate("close", () => {
      this.isOpen = false;
      return () => {};
    });
  }

  private operate<T>(operation: string, begin: () => () => T): Promise<T> {
    if (!this.isOpen) throw new Error(`${operation} on ${this.name}, which was closed`);
    return this.disk.operate(this.life, operation, this.name, begin);
  }
}
