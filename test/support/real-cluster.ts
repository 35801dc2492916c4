import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KvStatusRes } from "../../src/kv/gen/kv.ts";
import { KvClient, type KvClientOptions } from "../../src/kv/index.ts";
import { KV_CLIENT, type Outcome, run } from "./child-programs.ts";
import { eventually, HopelessError } from "./eventually.ts";
import { freePorts } from "./free-ports.ts";
import { RealServer, type RealServerOptions } from "./real-server.ts";

export interface RealClusterOptions {
  /** Default: 3. */
  readonly size?: number;
  /** For every server, besides those that make it a member. */
  readonly flags?: readonly string[];
  /** For the Node of every server. */
  readonly nodeFlags?: readonly string[];
  /** Where the servers' data lie. Default: a new directory for temporary files; removed at the end. */
  readonly directory?: string;
}

const EXIT_CANNOT_LISTEN = 3;
const ATTEMPTS = 5;
const SAID_LINES = 30;

/** Servers in processes of their own, on free ports of this machine and in a temporary directory. */
export class RealCluster {
  readonly servers: readonly RealServer[];
  readonly directory: string;
  private readonly variants: RealServer[] = [];
  private readonly clients = new Set<KvClient>();

  /** Makes a cluster of servers that were not started yet. */
  static async prepare(options: RealClusterOptions = {}): Promise<RealCluster> {
    const { size = 3, nodeFlags = [] } = options;
    const directory = options.directory ?? mkdtempSync(join(tmpdir(), "sundial-"));
    const ports = await freePorts(size);
    const servers = ports.map((port, i) => {
      const peers = ports.filter((other) => other !== port).map((other) => `localhost:${other}`);
      const dataDir = join(directory, `server-${i + 1}`);
      const flags = [`--peers=${peers.join()}`, ...(options.flags ?? [])];
      return new RealServer({ id: i + 1, port, dataDir, flags, nodeFlags });
    });
    return new RealCluster(servers, directory);
  }

  /** Starts servers without data, and waits until they have formed a cluster and agree on a leader. */
  static async start(options: RealClusterOptions = {}): Promise<RealCluster> {
    for (let attempt = 1; ; attempt++) {
      const cluster = await RealCluster.prepare(options);
      for (const server of cluster.servers) server.start();
      try {
        await cluster.leader();
        return cluster;
      } catch (error) {
        const ends = await cluster.stop();
        const isPortTaken = ends.some((end) => end?.code === EXIT_CANNOT_LISTEN);
        if (!isPortTaken || attempt === ATTEMPTS) throw cluster.explained(error);
      }
    }
  }

  private constructor(servers: readonly RealServer[], directory: string) {
    this.servers = servers;
    this.directory = directory;
  }

  /** `host:port` each. */
  get addresses(): string[] {
    return this.servers.map((server) => server.address);
  }

  get running(): RealServer[] {
    return this.servers.filter((server) => server.isRunning);
  }

  /** The server with this id. */
  server(id: number): RealServer {
    const server = this.servers.find((one) => one.id === id);
    if (server === undefined) throw new Error(`there is no server ${id}`);
    return server;
  }

  others(server: RealServer): RealServer[] {
    return this.servers.filter((other) => other !== server);
  }

  /** A server like one of the cluster but for something; it counts only when the cluster is stopped. */
  variant(server: RealServer, changes: Partial<RealServerOptions>): RealServer {
    const { id, port, dataDir, flags } = server;
    const made = new RealServer({ id, port, dataDir, flags, ...changes });
    this.variants.push(made);
    return made;
  }

  /** Waits until all servers that run follow the same leader, which runs too. */
  leader(): Promise<RealServer> {
    const { running } = this;
    return eventually(`${running.length} servers agree on a leader`, async () => {
      requireRunning(running);
      const leaders = await Promise.all(running.map(async (server) => (await server.status()).status.leader));
      if (leaders[0] === 0 || leaders.some((leader) => leader !== leaders[0])) return undefined;
      return running.find((server) => server.id === leaders[0]);
    });
  }

  /** A server that runs and does not lead. */
  async follower(): Promise<RealServer> {
    const leader = await this.leader();
    return this.running.find((server) => server !== leader)!;
  }

  /**
   * Waits until all servers that run have applied all that any of them has in its log.
   * @returns what each of them says then
   */
  settled(): Promise<KvStatusRes[]> {
    const { running } = this;
    return eventually(`${running.length} servers have applied the same`, async () => {
      requireRunning(running);
      const all = await Promise.all(running.map((server) => server.status()));
      const last = Math.max(...all.map(({ status }) => status.lastIndex));
      const hasLeader = all.every(({ status }) => status.leader !== 0);
      return hasLeader && all.every(({ status }) => status.appliedIndex === last) ? all : undefined;
    });
  }

  /** A client of all servers; it is closed with the cluster. */
  client(options: Partial<KvClientOptions> = {}): KvClient {
    const client = new KvClient({ servers: this.addresses, timeoutMs: 60_000, ...options });
    this.clients.add(client);
    return client;
  }

  /** Runs `kv_client` with the addresses of all servers, unless `args` begins with others. */
  kvClient(...args: readonly string[]): Promise<Outcome> {
    const servers = args[0]?.startsWith("--server") === true ? [] : [`--server=${this.addresses.join()}`];
    return run([process.execPath, KV_CLIENT, ...servers, ...args]);
  }

  /** Ends all servers at once and removes their data. */
  async stop(): Promise<(Outcome | undefined)[]> {
    for (const client of this.clients) client.close();
    const ends = await Promise.all(
      [...this.servers, ...this.variants].map((server) => {
        if (server.isRunning) server.signal("SIGKILL");
        return server.hasStarted ? server.ended() : undefined;
      }),
    );
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    return ends;
  }

  /** An error of a test, with what the servers said last. */
  explained(error: unknown): Error {
    const said = [...this.servers, ...this.variants].map((server) => {
      const lines = server.stderr.trimEnd().split("\n").slice(-SAID_LINES);
      return lines.map((line) => `  [${server.id}] ${line}`).join("\n");
    });
    const { message, stack, cause } = error instanceof Error ? error : new Error(String(error));
    const because = cause === undefined ? "" : `\nbecause of ${cause}`;
    const explained = new Error(`${message}${because}\nThe servers said:\n${said.join("\n")}`, {
      cause: error,
    });
    if (stack !== undefined) explained.stack = stack;
    return explained;
  }
}

/** Runs a test with a cluster, and ends it however the test ends. */
export async function withCluster(
  options: RealClusterOptions,
  test: (cluster: RealCluster) => Promise<void>,
): Promise<void> {
  await conduct(await RealCluster.start(options), test);
}

/** The same, with servers that the test starts itself. */
export async function withServers(
  options: RealClusterOptions,
  test: (cluster: RealCluster) => Promise<void>,
): Promise<void> {
  await conduct(await RealCluster.prepare(options), test);
}

async function conduct(cluster: RealCluster, test: (cluster: RealCluster) => Promise<void>): Promise<void> {
  try {
    await test(cluster);
  } catch (error) {
    throw cluster.explained(error);
  } finally {
    await cluster.stop();
  }
}

/** Nothing is to be waited for from a server that has ended. */
function requireRunning(servers: readonly RealServer[]): void {
  const ended = servers.find((server) => !server.isRunning);
  if (ended !== undefined) throw new HopelessError(`server ${ended.id} has ended`);
}
