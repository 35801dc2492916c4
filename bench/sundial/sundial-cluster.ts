import { join } from "node:path";
import { KvConsistency, type KvPair, KvStatus, KvV1Client, KvWhen } from "../../src/kv/gen/kv.ts";
import { RpcClient, tcpTransport } from "../../src/oncrpc/index.ts";
import { freePorts } from "../harness/free-port.ts";
import {
  type Acknowledgement,
  type Contents,
  type EndSignal,
  KEY_PREFIX,
  KEY_SPACE,
  type KvCluster,
  type Load,
  type LoadSummary,
  SERVERS,
  VALUE_BYTES,
} from "../harness/kv-cluster.ts";
import { cpuSeconds, peakMemoryBytes } from "../harness/machine.ts";
import { poll } from "../harness/poll.ts";
import { runForJson } from "../harness/run-program.ts";
import { ROOT } from "../harness/workers.ts";
import type { Running, Workspace } from "../harness/workspace.ts";

const START_TIMEOUT_MS = 30_000;
const STATUS_TIMEOUT_MS = 1_000;

const PROBE_INTERVAL_MS = 5;
/** A write that a server has not answered after so long is given up; a new one goes out every interval anyway. */
const PROBE_TIMEOUT_MS = 5_000;
const NO_SESSION = new Uint8Array(8);

/** The first key that does not begin with {@link KEY_PREFIX}: its last byte, a slash, plus one. */
const BEHIND_KEYS = Buffer.from(KEY_PREFIX.replace("/", "0"));

/** What `kv_client --output json bench` prints, as far as it matters here. */
interface BenchReport extends LoadSummary {
  readonly completed: number;
  readonly errors: number;
  readonly notFound: number;
}

interface Member {
  readonly name: string;
  readonly port: number;
  readonly args: readonly string[];
  running: Running;
}

/** Three `kv_server`s with default settings. */
export class SundialCluster implements KvCluster {
  private readonly workspace: Workspace;
  private readonly members: Member[];
  private readonly kvClient: string;

  private constructor(workspace: Workspace, members: Member[], root: string) {
    this.workspace = workspace;
    this.members = members;
    this.kvClient = join(root, "bin", "kv_client");
  }

  /**
   * @param root  where `bin/` and `dist/` are. Default: this repository
   * @param label  sets the directories of one cluster apart from those of another beside it
   */
  static async start(workspace: Workspace, root: string = ROOT, label = ""): Promise<SundialCluster> {
    const ports = await freePorts(SERVERS);
    const members = ports.map((port, i): Member => {
      const name = `sundial-${label}${i + 1}`;
      const peers = ports.filter((other) => other !== port).map((other) => `localhost:${other}`);
      const dataDir = workspace.subdirectory(name);
      const args = [
        join(root, "bin", "kv_server"),
        `--id=${i + 1}`,
        `--port=${port}`,
        `--peers=${peers.join()}`,
        `--data-dir=${dataDir}`,
      ];
      return { name, port, args, running: workspace.start(name, process.execPath, args) };
    });
    const cluster = new SundialCluster(workspace, members, root);
    await cluster.leader();
    return cluster;
  }

  /** For `kv_client --server`. */
  get addresses(): string {
    return this.members.map(({ port }) => `127.0.0.1:${port}`).join();
  }

  async load(load: Load): Promise<LoadSummary> {
    const flags = {
      clients: load.clients,
      connections: load.connections,
      total: load.total,
      "value-size": VALUE_BYTES,
      "key-space": KEY_SPACE,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
    if (load.target === "leader") args.push("--target-leader");
    const common = [this.kvClient, "--server", this.addresses, "--output", "json"];
    const command = [...common, "bench", load.operation, ...args];
    const report = await runForJson<BenchReport>(this.workspace, process.execPath, command);
    if (report.completed !== load.total || report.errors > 0 || report.notFound > 0) {
      throw new Error(`kv_client bench did not do what it should: ${JSON.stringify(report)}`);
    }
    return report;
  }

  async contents(): Promise<Contents> {
    const rpc = this.connect(0, START_TIMEOUT_MS);
    const client = new KvV1Client(rpc);
    let start: Uint8Array = Buffer.from(KEY_PREFIX);
    let keys = 0;
    for (;;) {
      const { header, result } = await client.range({
        start,
        end: BEHIND_KEYS,
        limit: 0,
        revision: 0,
        consistency: KvConsistency.KV_LINEARIZABLE,
      });
      if (result.status !== KvStatus.KV_OK) throw new Error(`KV_RANGE: ${result.message}`);
      const { pairs, more } = result.ok;
      keys += pairs.filter(({ value }) => value.length === VALUE_BYTES).length;
      if (!more) {
        rpc.close();
        return { keys, revision: header.revision };
      }
      start = justBehind(pairs.at(-1)!);
    }
  }

  /** Processor time that each server has taken so far, in seconds. */
  cpuSeconds(): number[] {
    return this.members.map(({ running }) => cpuSeconds(running.pid).own);
  }

  peakMemoryBytes(): number[] {
    return this.members.map(({ running }) => peakMemoryBytes(running.pid));
  }

  leader(): Promise<number> {
    return poll("Sundial: a leader", START_TIMEOUT_MS, async () => {
      const ended = this.members.find(({ running }) => !running.isRunning());
      if (ended !== undefined) throw new Error(`${ended.name} has ended:\n${ended.running.output()}`);
      const leaders = await Promise.all(this.members.map((_, server) => this.leaderKnownTo(server)));
      const [leader = 0] = leaders;
      return leader !== 0 && leaders.every((other) => other === leader) ? leader - 1 : undefined;
    });
  }

  end(server: number, signal: EndSignal): Promise<void> {
    return this.members[server]!.running.stop(signal);
  }

  restart(server: number): void {
    const member = this.members[server]!;
    member.running = this.workspace.start(member.name, process.execPath, member.args);
  }

  probe(onAcknowledgement: (acknowledgement: Acknowledgement) => void): Promise<() => void> {
    const stops = this.members.map((_, server) => this.probeServer(server, onAcknowledgement));
    return Promise.resolve(() => {
      for (const stop of stops) stop();
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ running }) => running.stop("SIGKILL")));
    for (const { name } of this.members) this.workspace.removeSubdirectory(name);
  }

  private probeServer(
    server: number,
    onAcknowledgement: (acknowledgement: Acknowledgement) => void,
  ): () => void {
    const rpc = this.connect(server, PROBE_TIMEOUT_MS);
    const client = new KvV1Client(rpc);
    const key = Buffer.from("probe");
    const value = new Uint8Array(VALUE_BYTES);
    const write = async (): Promise<void> => {
      const sentMs = Date.now();
      try {
        const condition = { when: KvWhen.KV_ALWAYS };
        const { result } = await client.put({ session: NO_SESSION, sequence: 0, key, value, condition });
        if (result.status !== KvStatus.KV_OK) return;
        onAcknowledgement({ server, sentMs, acknowledgedMs: Date.now() });
      } catch {
        // Not acknowledged, which is all that matters here.
      }
    };
    const timer = setInterval(write, PROBE_INTERVAL_MS);
    return () => {
      clearInterval(timer);
      rpc.close();
    };
  }

  /** The id of the leader; 0: the server knows none, or does not belong to the cluster yet. */
  private async leaderKnownTo(server: number): Promise<number> {
    const rpc = this.connect(server, STATUS_TIMEOUT_MS);
    try {
      return (await new KvV1Client(rpc).status()).status.leader;
    } finally {
      rpc.close();
    }
  }

  private connect(server: number, timeoutMs: number): RpcClient {
    return new RpcClient(tcpTransport({ host: "127.0.0.1", port: this.members[server]!.port }), {
      timeoutMs,
    });
  }
}

function justBehind(pair: KvPair): Uint8Array {
  return Buffer.concat([pair.key, Buffer.alloc(1)]);
}
