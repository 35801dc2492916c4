import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A file system in memory with a limit, mounted on a directory. Only for tests in namespaces of their own. */
export class SmallDisk {
  readonly path: string;

  static mount(path: string, sizeMib: number): SmallDisk {
    mkdirSync(path, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMib}m`, "tmpfs", path]);
    return new SmallDisk(path);
  }

  private constructor(path: string) {
    this.path = path;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes all room but so much, as another program on the same disk may do. */
  fill(leaveBytes: number): void {
    rmSync(this.filler, { force: true });
    writeFileSync(this.filler, Buffer.alloc(Math.max(0, this.freeBytes - leaveBytes)));
  }

  /** Gives back what `fill` took. */
  makeRoom(): void {
    rmSync(this.filler, { force: true });
  }

  /** At once, also where files of it are open. */
  unmount(): void {
    execFileSync("umount", ["--lazy", this.path]);
  }

  private get filler(): string {
    return join(this.path, "somebody-elses-file");
  }
}
