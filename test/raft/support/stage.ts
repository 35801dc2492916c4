import type { HardState, Message, RaftConfig, ServerId } from "../../../src/raft/index.ts";
import { Cluster } from "./cluster.ts";
import { logText, Narrator } from "./narrator.ts";
import type { RaftModule } from "./raft-module.ts";
import type { SimServer } from "./sim-server.ts";
import { entriesOf } from "./solo.ts";

/** Where transcripts play: a cluster that is moved by lines of text. Its commands are explained in transcripts/README.md. */
export class Stage {
  private readonly narrator = new Narrator();
  private readonly module: RaftModule | undefined;
  private readonly said: string[] = [];
  private servers = 0;
  private config: Partial<RaftConfig> = {};
  private readonly disks = new Map<
    ServerId,
    { hardState: HardState; entries: ReturnType<typeof entriesOf> }
  >();
  private built: Cluster | undefined;

  private readonly commands: Record<string, (args: string[]) => unknown> = {
    servers: ([count, ...settings]) => this.describe(Number(count), settings),
    disk: ([id, ...holds]) => this.fill(Number(id), holds.join(" ")),
    slow: ([id]) => this.slowDown(this.server(id)),
    write: ([id]) => this.server(id).completeWrite(),
    elect: ([id]) => this.elect(Number(id)),
    wait: ([id]) => this.wait(this.server(id)),
    tick: ([id, times]) => this.tick(id, Number(times ?? 1)),
    run: ([ticks]) => this.cluster.run(Number(ticks)),
    deliver: ([way]) => this.deliver(way),
    settle: () => this.cluster.settle(),
    lose: ([way]) => this.lose(way),
    cut: ([way]) => this.cut(way!),
    isolate: ([id]) => this.cluster.isolate(Number(id)),
    heal: () => this.cluster.network.heal(),
    propose: ([id, ...texts]) => this.propose(this.server(id), texts),
    read: ([id, read]) => this.read(this.server(id), Number(read)),
    transfer: ([id, to]) => this.server(id).transferLeadership(Number(to ?? 0)),
    suspect: ([id, leader]) => this.server(id).suspectLeader(Number(leader)),
    crash: ([id]) => this.server(id).crash(),
    restart: ([id]) => this.server(id).start(),
    logs: () =>
      this.said.push(...this.cluster.running.map((server) => `${server.id} has ${logText(server)}`)),
  };

  constructor(module?: RaftModule) {
    this.module = module;
  }

  /** Does what a command says; returns what came of it. */
  perform(line: string): string[] {
    const [verb, ...args] = line.split(" ");
    this.narrator.isQuiet = verb === "quietly";
    const [command, rest] = verb === "quietly" ? [args[0]!, args.slice(1)] : [verb!, args];
    const act = this.commands[command];
    if (act === undefined) throw new Error(`unknown command: ${line}`);
    act(rest);
    return [...this.narrator.take(), ...this.said.splice(0)];
  }

  private get cluster(): Cluster {
    if (this.built === undefined) {
      this.built = new Cluster({
        servers: this.servers,
        config: this.config,
        disks: this.disks,
        observers: [this.narrator],
        ...(this.module === undefined ? {} : { module: this.module }),
      });
      for (const server of this.built.servers) server.hasQuickDisk = true;
    }
    return this.built;
  }

  private server(id: string | undefined): SimServer {
    return this.cluster.server(Number(id));
  }

  private describe(count: number, settings: readonly string[]): void {
    this.servers = count;
    this.config = Object.fromEntries(
      settings.map((setting) => {
        const [name, value] = setting.split("=");
        return [name, Number(value)];
      }),
    );
  }

  /** `1 1 1 4 4 in term 5`: entries of these terms. */
  private fill(id: ServerId, holds: string): void {
    const found = /^([\d ]*) ?in term (\d+)$/.exec(holds);
    if (found === null) throw new Error(`a disk does not hold "${holds}"`);
    const terms = found[1]!.split(" ").filter(Boolean).map(Number);
    this.disks.set(id, {
      hardState: { currentTerm: Number(found[2]), votedFor: 0, commitIndex: 0 },
      entries: entriesOf(terms),
    });
  }

  /** An election that needs no telling: all know of it, and that its first entry is committed. */
  private elect(id: ServerId): void {
    const leader = this.cluster.elect(id);
    this.cluster.run(1);
    this.narrator.take();
    this.said.push(`${id} leads term ${leader.raft.term}`);
  }

  private wait(server: SimServer): void {
    while (server.raft.role === "follower") server.tick();
  }

  private tick(id: string | undefined, times: number): void {
    for (let i = 0; i < times; i++) {
      if (id === "all") this.cluster.tick();
      else this.server(id).tick();
    }
  }

  /** `1-2`: from 1 to 2. `*-2`, `1-*`: to, from any. */
  private wanted(way: string): (message: Message) => boolean {
    const [from, to] = way.split("-");
    return (message) =>
      (from === "*" || message.from === Number(from)) && (to === "*" || message.to === Number(to));
  }

  /** Delivers what is on its way now, oldest first; answers stay on the way. */
  private deliver(way: string = "*-*"): void {
    const { network } = this.cluster;
    for (const message of network.onTheWay.filter(this.wanted(way))) {
      network.onTheWay.splice(network.onTheWay.indexOf(message), 1);
      this.cluster.arrive(message);
    }
  }

  /** What is on its way is lost, and the senders of requests learn of it. */
  private lose(way: string = "*-*"): void {
    const { network } = this.cluster;
    for (const message of network.onTheWay.filter(this.wanted(way))) {
      network.onTheWay.splice(network.onTheWay.indexOf(message), 1);
      const isAnswer = message.kind === "voteResponse" || message.kind === "appendResponse";
      const asker = this.cluster.server(isAnswer ? message.to : message.from);
      if (message.kind !== "timeoutNow" && asker.isUp) asker.giveUp(message.replyTo);
    }
  }

  private cut(way: string): void {
    const [from, to] = way.split("-").map(Number);
    this.cluster.network.cut(from!, to!);
  }

  private slowDown(server: SimServer): void {
    server.hasQuickDisk = false;
  }

  private propose(server: SimServer, texts: readonly string[]): void {
    const result = server.propose(texts.map((text) => Buffer.from(text)));
    if (result.outcome !== "accepted") this.said.push(`${server.id} declines: ${result.outcome}`);
  }

  private read(server: SimServer, id: number): void {
    if (!server.readIndex(id)) this.said.push(`${server.id} does not lead`);
  }
}
