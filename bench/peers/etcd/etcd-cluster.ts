import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { freePorts } from "../../harness/free-port.ts";
import {
  type Acknowledgement,
  type Contents,
  type EndSignal,
  KEY_SPACE,
  type KvCluster,
  type Load,
  type LoadSummary,
  SERVERS,
  VALUE_BYTES,
} from "../../harness/kv-cluster.ts";
import { peakMemoryBytes } from "../../harness/machine.ts";
import { poll } from "../../harness/poll.ts";
import { runForJson } from "../../harness/run-program.ts";
import type { Running, Workspace } from "../../harness/workspace.ts";

const START_TIMEOUT_MS = 30_000;

interface Member {
  readonly name: string;
  readonly endpoint: string;
  readonly args: readonly string[];
  running: Running;
}

/** Three etcd servers with default settings. */
export class EtcdCluster implements KvCluster {
  private readonly workspace: Workspace;
  private readonly etcd: string;
  private readonly loadProgram: string;
  private readonly members: Member[];

  private constructor(workspace: Workspace, etcd: string, loadProgram: string, members: Member[]) {
    this.workspace = workspace;
    this.etcd = etcd;
    this.loadProgram = loadProgram;
    this.members = members;
  }

  static async start(workspace: Workspace, etcd: string, loadProgram: string): Promise<EtcdCluster> {
    const ports = await freePorts(2 * SERVERS);
    const names = Array.from({ length: SERVERS }, (_, i) => `etcd-${i + 1}`);
    const peerUrls = ports.slice(SERVERS).map((port) => `http://127.0.0.1:${port}`);
    const initialCluster = names.map((name, i) => `${name}=${peerUrls[i]}`).join(",");
    const members = names.map((name, i): Member => {
      const clientUrl = `http://127.0.0.1:${ports[i]}`;
      const flags = {
        name,
        "data-dir": workspace.subdirectory(name),
        "listen-client-urls": clientUrl,
        "advertise-client-urls": clientUrl,
        "listen-peer-urls": peerUrls[i]!,
        "initial-advertise-peer-urls": peerUrls[i]!,
        "initial-cluster": initialCluster,
        "log-level": "error",
      };
      const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
      return { name, endpoint: `127.0.0.1:${ports[i]}`, args, running: workspace.start(name, etcd, args) };
    });
    const cluster = new EtcdCluster(workspace, etcd, loadProgram, members);
    await cluster.leader();
    return cluster;
  }

  load(load: Load): Promise<LoadSummary> {
    const flags = {
      clients: load.clients,
      conns: load.connections,
      total: load.total,
      "target-leader": load.target === "leader",
    };
    return this.run<LoadSummary>(load.operation, flags);
  }

  contents(): Promise<Contents> {
    return this.run<Contents>("check", {});
  }

  peakMemoryBytes(): number[] {
    return this.members.map(({ running }) => peakMemoryBytes(running.pid));
  }

  async leader(): Promise<number> {
    const endpoint = await poll("etcd: a leader", START_TIMEOUT_MS, async () => {
      const ended = this.members.find(({ running }) => !running.isRunning());
      if (ended !== undefined) throw new Error(`${ended.name} has ended:\n${ended.running.output()}`);
      const found = await this.run<{ endpoint: string; healthy: boolean }>("leader", {});
      return found.healthy ? found.endpoint : undefined;
    });
    return this.members.findIndex((member) => member.endpoint === endpoint);
  }

  end(server: number, signal: EndSignal): Promise<void> {
    return this.members[server]!.running.stop(signal);
  }

  restart(server: number): void {
    const member = this.members[server]!;
    member.running = this.workspace.start(member.name, this.etcd, member.args);
  }

  async probe(onAcknowledgement: (acknowledgement: Acknowledgement) => void): Promise<() => void> {
    const child = this.workspace.adopt(
      spawn(this.loadProgram, ["probe", ...this.flags({})], { stdio: ["ignore", "pipe", "ignore"] }),
    );
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [endpoint, sent, acknowledged] = line.split(" ");
      const server = this.members.findIndex((member) => member.endpoint === endpoint);
      onAcknowledgement({ server, sentMs: Number(sent), acknowledgedMs: Number(acknowledged) });
    });
    return () => child.kill("SIGKILL");
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ running }) => running.stop("SIGKILL")));
    for (const { name } of this.members) this.workspace.removeSubdirectory(name);
  }

  private run<T>(command: string, flags: Readonly<Record<string, string | number | boolean>>): Promise<T> {
    return runForJson<T>(this.workspace, this.loadProgram, [command, ...this.flags(flags)]);
  }

  private flags(more: Readonly<Record<string, string | number | boolean>>): string[] {
    const flags = {
      endpoints: this.members.map(({ endpoint }) => endpoint).join(","),
      "value-size": VALUE_BYTES,
      "key-space": KEY_SPACE,
      ...more,
    };
    return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  }
}
