import { randomBytes } from "node:crypto";
import { readdirSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { KvServerError } from "./server-error.ts";

/** Sockets of those who have the directory, or want it. */
const NAME = /^lock-[0-9a-f]{8}$/;
/** sun_path has 108 bytes, the last of them 0 (unix(7)). */
const SOCKET_PATH_MAX = 107;
const ATTEMPTS = 20;
const PAUSE_MS = 50;
/** A process that was stopped (SIGSTOP) takes connections and says nothing. */
const ANSWER_MS = 1_000;

/** Somebody who listens on one of the sockets. */
interface Rival {
  readonly processId: string;
  /** False: one that wants the directory, like us. */
  readonly isOwner: boolean;
}

/**
 * Sees to it that one process at a time uses a data directory.
 *
 * Whoever wants it listens on a Unix socket of his own in it, and then looks for others: where nobody else listens, he
 * has it; else he takes his socket away again, and tries later or gives up. The kernel takes an owner away whatever
 * ends it, kill -9 included, so a socket that refuses connections is stale and is removed; and whoever connects
 * learns who the owner is. (Node has no flock(2), and a file with a process id means nothing in another process-id
 * namespace.)
 *
 * Two can not both find themselves alone: the one who began to listen later looks when the other one listens. (That
 * one's socket may have been taken for stale and removed only by somebody who listened before him, and so on: the
 * first of all is seen by everybody.)
 */
export class DirectoryLock {
  private readonly directory: string;
  private server: Server | undefined;
  private isOwner = false;

  /** @throws KvServerError `USAGE` when no socket can have a path that long */
  constructor(directory: string) {
    this.directory = directory;
    const name = newName();
    const most = SOCKET_PATH_MAX - 1 - name.length;
    if (Buffer.byteLength(join(directory, name)) <= SOCKET_PATH_MAX) return;
    throw new KvServerError(
      "USAGE",
      `--data-dir=${directory} is too long: it may have ${most} bytes, since a Unix socket lies in it; give a shorter one, or a relative one`,
    );
  }

  /**
   * The directory must be there.
   * @throws KvServerError `IN_USE`
   */
  async acquire(): Promise<void> {
    const { directory } = this;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const name = newName();
      this.server = await listen(join(directory, name), () => `${process.pid} ${this.isOwner ? OWNER : ""}`);
      const rivals = await findRivals(directory, name);
      if (rivals.length === 0) {
        this.isOwner = true;
        return;
      }
      await this.release();
      const owner = rivals.find((rival) => rival.isOwner);
      if (owner !== undefined) throw inUse(directory, owner.processId);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MS));
    }
    throw new KvServerError("IN_USE", `several servers are being started on ${directory} at once`);
  }

  /** The socket goes with it. */
  release(): Promise<void> {
    this.isOwner = false;
    return new Promise((resolve) => {
      if (this.server === undefined) resolve();
      else this.server.close(() => resolve());
    });
  }
}

const OWNER = "owner";

function newName(): string {
  return `lock-${randomBytes(4).toString("hex")}`;
}

function listen(path: string, answer: () => string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      // Not left to the other side, which could keep this one from closing.
      socket.end(answer(), () => socket.destroy());
    });
    server.once("error", reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Everybody else who listens in the directory. Removes the sockets on which nobody does. */
async function findRivals(directory: string, ownName: string): Promise<Rival[]> {
  const names = readdirSync(directory).filter((name) => NAME.test(name) && name !== ownName);
  const rivals: Rival[] = [];
  for (const name of names) {
    const rival = await ask(join(directory, name));
    if (rival !== null) rivals.push(rival);
    else remove(join(directory, name));
  }
  return rivals;
}

/** Who listens on a socket; null: nobody. */
function ask(path: string): Promise<Rival | null> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(path);
    const silent = (): void => {
      socket.destroy();
      resolve({ processId: "unknown (it does not answer)", isOwner: true });
    };
    socket.setTimeout(ANSWER_MS, silent);
    socket.on("data", (chunk) => {
      answer += chunk.toString();
    });
    socket.on("end", () => {
      const [processId = "unknown", role] = answer.split(" ");
      resolve({ processId, isOwner: role === OWNER });
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve(null);
      // So many want to connect that the queue is full.
      else if (error.code === "EAGAIN") silent();
      // He gave up between our connecting and his answer; his socket may be there no more.
      else if (error.code === "ECONNRESET") resolve({ processId: "unknown", isOwner: false });
      else reject(error);
    });
  });
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function inUse(directory: string, processId: string): KvServerError {
  return new KvServerError(
    "IN_USE",
    `${directory} is in use by the server with process id ${processId}; stop that one, or give this one a --data-dir of its own`,
  );
}
