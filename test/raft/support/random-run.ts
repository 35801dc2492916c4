import type { LogIndex, Message, Term } from "../../../src/raft/index.ts";
import * as currentModule from "../../../src/raft/index.ts";
import { Agenda } from "./agenda.ts";
import { Cluster } from "./cluster.ts";
import { Dice } from "./dice.ts";
import { Invariants } from "./invariants.ts";
import type { Observer } from "./observer.ts";
import type { RaftModule } from "./raft-module.ts";
import type { SimServer } from "./sim-server.ts";
import { drawWeather, type Happening, type Weather } from "./weather.ts";

/** A message or write that is late takes so many times as long. */
const LATENESS = 20;

/**
 * A cluster in bad weather: servers tick, messages and writes take their time, clients ask, and faults happen, all as
 * drawn from a seed. The invariants are checked at each step; `recover` goes on from there.
 */
export class RandomRun {
  readonly cluster: Cluster;
  readonly invariants: Invariants = new Invariants();
  readonly dice: Dice;
  readonly weather: Weather;
  /** Things that happened: messages, ticks, writes, faults. */
  steps = 0;
  private readonly agenda: Agenda = new Agenda();
  /** Servers whose disk has a write to finish. */
  private readonly writing = new Set<SimServer>();
  /** Servers that are about to take a Ready. */
  private readonly working = new Set<SimServer>();
  private readonly commitsSeen: { readonly term: Term; readonly index: LogIndex }[] = [];
  /** The highest term that had a leader. */
  private lastReign = 0;
  private proposals = 0;
  private reads = 0;

  private readonly happenings: Readonly<Record<Happening, () => void>> = {
    propose: () => this.onLeader((server) => this.propose(server, 1 + this.dice.below(3))),
    read: () => this.onLeader((server) => server.readIndex(++this.reads)),
    transfer: () =>
      this.onLeader((server) => server.transferLeadership(this.dice.oneIn(2) ? 0 : this.anyId())),
    suspect: () => this.onServer((server) => server.suspectLeader(server.raft.leader)),
    unrest: () => this.onLeader((server) => this.stirUp(server)),
    learnCommit: () => this.learnCommit(),
    discard: () => this.onServer((server) => server.discard()),
    unreachable: () => this.onServer((server) => server.unreachable(this.anyId())),
    crash: () => this.onServer((server) => this.crash(server)),
    partition: () => this.partition(),
  };

  constructor(seed: number, module: RaftModule = currentModule, also: readonly Observer[] = []) {
    this.dice = new Dice(seed);
    this.weather = drawWeather(this.dice);
    const { servers, config, isEager, tickUnits, every } = this.weather;
    this.cluster = new Cluster({ servers, config, seed, module, observers: [...also, this.invariants] });
    for (const server of this.cluster.servers) {
      server.isEager = isEager;
      this.repeat(tickUnits[server.id - 1]!, () => server.isUp && server.tick());
    }
    for (const [what, units] of Object.entries(every)) {
      if (units < Infinity) this.repeat(units, this.happenings[what as Happening]);
    }
  }

  /** Lets so many units of time pass. */
  run(units: number): void {
    for (let i = 0; i < units; i++) {
      for (const act of this.agenda.next()) {
        act();
        this.steps += 1;
        this.carry();
      }
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

  /** Again and again, after times that are `units` on average. */
  private repeat(units: number, act: () => void): void {
    this.agenda.after(units * (0.5 + this.dice.fraction()), () => {
      act();
      this.repeat(units, act);
    });
  }

  /** Gives the messages that were sent to the network, the writes to the disks, and servers time for their work. */
  private carry(): void {
    for (const message of this.cluster.network.onTheWay.splice(0)) this.send(message);
    for (const server of this.cluster.running) {
      this.noticeElection(server);
      if (server.disk.underWay.length > 0 && !this.writing.has(server)) this.write(server);
      if (server.isDirty && !this.working.has(server)) this.work(server);
    }
  }

  /** Several inputs share a Ready. */
  private work(server: SimServer): void {
    this.working.add(server);
    this.agenda.after(this.dice.below(4), () => {
      this.working.delete(server);
      if (server.isUp && server.isDirty) server.takeReady();
    });
  }

  private noticeElection(server: SimServer): void {
    const { role, term } = server.raft;
    if (role !== "leader" || term <= this.lastReign) return;
    this.lastReign = term;
    if (this.dice.fraction() >= this.weather.shortReigns) return;
    this.agenda.after(this.duration(5 * this.weather.delayUnits), () => server.isUp && this.stirUp(server));
  }

  private duration(units: number): number {
    const isLate = this.dice.fraction() < this.weather.lateness;
    return units * this.dice.fraction() * (isLate ? LATENESS : 1);
  }

  private send(message: Message): void {
    const { weather, dice, agenda } = this;
    const delay = this.duration(weather.delayUnits);
    const isLost = dice.fraction() < weather.loss;
    agenda.after(delay, () => (isLost || !this.cluster.arrive(message)) && this.lose(message));
    if (dice.fraction() < weather.duplication) {
      agenda.after(delay * (1 + 10 * dice.fraction()), () => this.cluster.arrive(message));
    }
  }

  /** The sender of a request learns of the loss now, or when its patience ends. */
  private lose(message: Message): void {
    const isRequest = message.kind === "appendRequest" || message.kind === "voteRequest";
    const sender = this.cluster.server(message.from);
    if (isRequest && sender.isUp && this.dice.oneIn(2)) sender.giveUp(message.replyTo);
  }

  /** One write at a time; the next begins when it is done. */
  private write(server: SimServer): void {
    this.writing.add(server);
    const { incarnation } = server;
    this.agenda.after(this.duration(this.weather.writeUnits), () => {
      this.writing.delete(server);
      if (!server.isUp || server.incarnation !== incarnation) return;
      server.completeWrite(false);
      this.agenda.after(this.duration(this.weather.reportUnits), () => {
        if (server.isUp && server.incarnation === incarnation) server.reportWrites();
      });
    });
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

  /** A leader is cut off, or crashes, or seems to; most of the others suspect it, and one may stand at once. */
  private stirUp(leader: SimServer): void {
    const kind = this.dice.below(3);
    if (kind === 0) this.isolate(leader);
    if (kind === 1) this.crash(leader);
    for (const server of this.cluster.running) {
      if (!this.dice.oneIn(4)) server.suspectLeader(leader.id);
    }
    if (!this.dice.oneIn(4)) this.onServer((server) => this.waitAlone(server));
  }

  /** Time goes on for one server until it stands for election, while nothing arrives. */
  private waitAlone(server: SimServer): void {
    const patience = 2 * this.weather.config.electionTicks;
    for (let i = 0; i < patience && server.raft.role === "follower"; i++) server.tick();
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
    this.agenda.after(this.duration(2 * this.weather.downUnits), () => !server.isUp && server.start());
  }

  private isolate(server: SimServer): void {
    this.cluster.isolate(server.id);
    this.healSoon();
  }

  /** Cuts off a server, or one way of it, or one link in one direction, or two halves from each other. */
  private partition(): void {
    const { cluster, dice } = this;
    const [from, to] = [this.anyId(), this.anyId()];
    const kind = dice.below(5);
    if (kind === 0) cluster.isolate(from);
    else if (kind === 1) cluster.network.cut(from, to);
    for (const { id } of cluster.servers) {
      if (kind === 2) cluster.network.cut(from, id);
      else if (kind === 3) cluster.network.cut(id, from);
      else if (kind === 4 && dice.oneIn(2)) {
        for (const other of cluster.servers.filter((server) => server.id > id)) {
          cluster.network.cut(id, other.id);
          cluster.network.cut(other.id, id);
        }
      }
    }
    this.healSoon();
  }

  private healSoon(): void {
    this.agenda.after(this.duration(2 * this.weather.partitionUnits), () => this.cluster.network.heal());
  }
}
