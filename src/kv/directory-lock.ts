import { renameSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { KvServerError } from "./server-error.ts";

const FILE = "lock";
/** sun_path has 108 bytes, the last of them 0 (unix(7)); the name of a stale lock is longer by a suffix. */
const SOCKET_PATH_MAX = 100;
const ATTEMPTS = 5;

/**
 * Sees to it that one process at a time uses a data directory.
 *
 * The lock is a Unix socket on which the owner listens. The kernel takes the owner away whatever ends it, kill -9
 * included, so a socket that refuses connections is stale; and whoever connects learns who the owner is.
 * (Node has no flock(2), and a file with a process id means nothing in another process-id namespace.)
 */
export class DirectoryLock {
  private readonly directory: string;
  private readonly path: string;
  private server: Server | undefined;

  /** @throws KvServerError `USAGE` when no socket can have a path that long */
  constructor(directory: string) {
    this.directory = directory;
    this.path = join(directory, FILE);
    if (Buffer.byteLength(this.path) <= SOCKET_PATH_MAX) return;
    throw new KvServerError(
      "USAGE",
      `--data-dir=${directory} is too long: with "/${FILE}" behind it, it may have ${SOCKET_PATH_MAX} bytes, since a Unix socket lies there; give a shorter one, or a relative one`,
    );
  }

  /**
   * The directory must be there.
   * @throws KvServerError `IN_USE`
   */
  async acquire(): Promise<void> {
    const { directory, path } = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const server = await listen(path);
      if (server !== null) {
        this.server = server;
        return;
      }
      const owner = await askOwner(path);
      if (owner !== null) throw inUse(directory, owner);
      takeAway(path);
    }
    throw new KvServerError("IN_USE", `several servers are being started on ${directory} at once`);
  }

  release(): Promise<void> {
    return new Promise((resolve) => {
      if (this.server === undefined) resolve();
      else this.server.close(() => resolve());
    });
  }
}

/** null: there is a socket already. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(String(process.pid));
    });
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** The process id of the owner; null when nobody listens. */
function askOwner(path: string): Promise<string | null> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(path);
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("end", () => resolve(answer));
    socket.on("error", () => resolve(null));
  });
}

/** Moves a stale socket away before it is removed: of two that find it stale, only one can. */
function takeAway(path: string): void {
  const stale = `${path}.${process.pid}`;
  try {
    renameSync(path, stale);
    unlinkSync(stale);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function inUse(directory: string, owner: string): KvServerError {
  return new KvServerError(
    "IN_USE",
    `${directory} is in use by the server with process id ${owner}; stop that one, or give this one a --data-dir of its own`,
  );
}
