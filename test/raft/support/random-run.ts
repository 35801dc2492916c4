import type { LogIndex, Message, Term } from "../../../src/raft/index.ts";
import * as currentModule from "../../../src/raft/index.ts";
import { Cluster } from "./cluster.ts";
import { Dice } from "./dice.ts";
import { Invariants, type Tally } from "./invariants.ts";
import type { Observer } from "./observer.ts";
import type { RaftModule } from "./raft-module.ts";
import type { SimServer } from "./sim-server.ts";
import { drawWeather, type Weather } from "./weather.ts";

/** Old messages that may come once more. */
const REMEMBERED_MESSAGES = 300;

/**
 * A cluster in bad weather: inputs and faults in random order, drawn from a seed. The invariants are checked at
 * each step; `Recovery` goes on from there.
 */
export class RandomRun {
  readonly cluster: Cluster;
  readonly invariants: Invariants = new Invariants();
  readonly dice: Dice;
  readonly weather: Weather;
  stepsDone = 0;
  private readonly past: Message[] = [];
  private readonly commitsSeen: { readonly term: Term; readonly index: LogIndex }[] = [];
  private readonly actions: readonly [weight: number, act: () => void][];
  private readonly totalWeight: number;
  private proposals = 0;
  private reads = 0;

  constructor(seed: number, module: RaftModule = currentModule, also: readonly Observer[] = []) {
    this.dice = new Dice(seed);
    this.weather = drawWeather(this.dice);
    this.cluster = new Cluster({
      servers: this.weather.servers,
      seed,
      config: this.weather.config,
      module,
      observers: [...also, this.invariants],
    });
    for (const server of this.cluster.servers) server.isEager = this.weather.isEager;
    this.actions = this.weightedActions();
    this.totalWeight = this.actions.reduce((sum, [weight]) => sum + weight, 0);
  }

  get tally(): Tally {
    return this.invariants.tally;
  }

  step(): void {
    this.stepsDone += 1;
    let drawn = this.dice.fraction() * this.totalWeight;
    for (const [weight, act] of this.actions) {
      drawn -= weight;
      if (drawn >= 0) continue;
      act();
      return;
    }
  }

  /** Numbers its payloads, so that no two entries look the same. */
  propose(server: SimServer, count: number): ReturnType<SimServer["propose"]> {
    const payloads = Array.from({ length: count }, () => {
      const payload = new Uint8Array(4 + this.dice.below(this.weather.payloadBytes));
      new DataView(payload.buffer).setUint32(0, ++this.proposals);
      return payload;
    });
    return server.propose(payloads);
  }

  private weightedActions(): [number, () => void][] {
    const { weather } = this;
    return [
      [weather.deliver, () => this.onMessage((message) => this.arrive(message))],
      [weather.lose, () => this.onMessage((message) => this.lose(message))],
      [weather.duplicate, () => this.duplicate()],
      [weather.replay, () => this.replay()],
      [weather.tick, () => this.tick()],
      [weather.write, () => this.onServer((server) => server.completeWrite(!this.dice.oneIn(3)))],
      [weather.report, () => this.onServer((server) => server.reportWrites())],
      [weather.takeReady, () => this.onServer((server) => server.takeReady())],
      [weather.propose, () => this.onLeader((server) => this.propose(server, 1 + this.dice.below(3)))],
      [weather.read, () => this.onLeader((server) => server.readIndex(++this.reads))],
      [weather.transfer, () => this.onLeader((server) => this.transfer(server))],
      [weather.suspect, () => this.onServer((server) => server.suspectLeader(server.raft.leader))],
      [weather.learn, () => this.learnCommit()],
      [weather.discard, () => this.onServer((server) => server.discard())],
      [weather.unreachable, () => this.onServer((server) => server.unreachable(this.anyId()))],
      [weather.crash, () => this.onServer((server) => this.crash(server))],
      [weather.restart, () => this.restart()],
      [weather.partition, () => this.partition()],
      [weather.heal, () => this.cluster.network.heal()],
    ];
  }

  private anyId(): number {
    return this.dice.pick(this.cluster.servers).id;
  }

  private onServer(act: (server: SimServer) => void): void {
    const { running } = this.cluster;
    if (running.length > 0) act(this.dice.pick(running));
  }

  /** Some leader; there may be one of an older term that does not know yet. */
  private onLeader(act: (server: SimServer) => void): void {
    const leaders = this.cluster.running.filter((server) => server.raft.role === "leader");
    if (leaders.length > 0) act(this.dice.pick(leaders));
  }

  /** Takes a message off the network: the oldest mostly, or any in weather that reorders. */
  private onMessage(act: (message: Message) => void): void {
    const { network } = this.cluster;
    const count = network.onTheWay.length;
    if (count === 0) return;
    const isInOrder = this.dice.fraction() >= this.weather.reordering;
    act(network.take(isInOrder ? 0 : this.dice.below(count)));
  }

  private arrive(message: Message): void {
    if (this.past.length < REMEMBERED_MESSAGES) this.past.push(message);
    else this.past[this.dice.below(REMEMBERED_MESSAGES)] = message;
    if (!this.cluster.arrive(message)) this.lose(message);
  }

  /** The sender of a request learns of the loss now, or when its patience ends. */
  private lose(message: Message): void {
    const isRequest = message.kind === "appendRequest" || message.kind === "voteRequest";
    const sender = this.cluster.server(message.from);
    if (isRequest && sender.isUp && this.dice.oneIn(2)) sender.giveUp(message.replyTo);
  }

  private duplicate(): void {
    const { onTheWay } = this.cluster.network;
    if (onTheWay.length > 0) this.cluster.arrive(this.dice.pick(onTheWay));
  }

  private replay(): void {
    if (this.past.length > 0) this.cluster.arrive(this.dice.pick(this.past));
  }

  /** Time goes on for one server, and faster for some than for others. */
  private tick(): void {
    this.onServer((server) => {
      if (this.dice.fraction() < this.weather.pace[server.id - 1]!) server.tick();
    });
  }

  private transfer(server: SimServer): void {
    server.transferLeadership(this.dice.oneIn(2) ? 0 : this.anyId());
  }

  /** What a leader has once committed stays true, whenever it is told. */
  private learnCommit(): void {
    this.onLeader(({ raft }) => this.commitsSeen.push({ term: raft.term, index: raft.commitIndex }));
    if (this.commitsSeen.length === 0) return;
    const { term, index } = this.dice.oneIn(3) ? this.dice.pick(this.commitsSeen) : this.commitsSeen.at(-1)!;
    this.onServer((server) => server.learnCommit(term, index));
  }

  private crash(server: SimServer): void {
    server.crash(this.dice.below(server.disk.underWay.length + 1));
  }

  private restart(): void {
    const down = this.cluster.servers.filter((server) => !server.isUp);
    if (down.length > 0) this.dice.pick(down).start();
  }

  /** Cuts off a server, or one way of it, or one link in one direction. */
  private partition(): void {
    const { cluster } = this;
    const [from, to] = [this.anyId(), this.anyId()];
    const kind = this.dice.below(4);
    if (kind === 0) cluster.isolate(from);
    else if (kind === 1) cluster.network.cut(from, to);
    else {
      for (const other of cluster.servers) {
        if (kind === 2) cluster.network.cut(from, other.id);
        else cluster.network.cut(other.id, from);
      }
    }
  }
}
