import { logFor } from "../oncrpc/log.ts";
import type { CallOptions } from "../oncrpc/procedure.ts";
import type { AppendRequest, Message, VoteRequest } from "../raft/index.ts";
import {
  type RaftAppendRes,
  type RaftMember,
  type RaftRefusal,
  RaftStatus,
  RaftV1Client,
} from "./gen/raft.ts";
import type { Membership } from "./membership.ts";
import type { Link, Network } from "./network.ts";
import { fromAppendOk, fromVoteOk, toAppendArgs, toVoteArgs } from "./raft-wire.ts";

const debug = logFor("kv:peer");

/** A call between servers that got no answer in so long is lost. */
const OPTIONS: CallOptions = { timeoutMs: 5_000 };

export interface PeerEvents {
  /** The answer to a request that was sent. */
  onResponse(message: Message): void;
  /** A request will get no answer. */
  onLost(server: number): void;
  /** The server has taken entries, or has no room for them. */
  onRoom(server: number, hasRoom: boolean): void;
  /** The connection broke and cannot be made again: the server is probably down. */
  onGone(server: number): void;
  /** The server answers, but refuses to be part of a cluster with this one. */
  onRefused(server: number, message: string): void;
}

/**
 * Another server of the cluster, and the calls that are made to it.
 *
 * On each new connection it is asked first who it is (RAFT_HELLO): what another server answers, or the same one with
 * another data directory, must not be taken for the member's word (RAFT_CHECKLIST 22, 23).
 */
export class Peer {
  readonly member: RaftMember;
  private readonly membership: Membership;
  private readonly events: PeerEvents;
  private readonly link: Link;
  private readonly client: RaftV1Client;
  /**
   * For calls of clients that are handed over. There can be more of them than a server takes on one connection at a
   * time, and they may wait for an election whose calls must not wait for them.
   */
  private readonly forwardLink: Link;
  private readonly forwardClient: RaftV1Client;
  /** Counts the connections that have ended. */
  private connection = 0;
  /** On which connection the member was met last. */
  private metOn = -1;
  private meeting: Promise<void> | null = null;
  private lastRefusal = "";
  private closed = false;

  constructor(member: RaftMember, membership: Membership, network: Network, events: PeerEvents) {
    this.member = member;
    this.membership = membership;
    this.events = events;
    this.link = network.link(member.address, {
      onConnect: () => {},
      onDisconnect: () => void this.findOut(),
    });
    this.client = new RaftV1Client(this.link);
    this.forwardLink = network.link(member.address, { onConnect: () => {}, onDisconnect: () => {} });
    this.forwardClient = new RaftV1Client(this.forwardLink);
  }

  get reachable(): boolean {
    return this.link.connected;
  }

  /** Makes the connection if there is none, so that its end will tell when the server goes down. */
  keepConnected(): void {
    if (!this.isMet) this.meet().catch((error: unknown) => debug("%s: %s", this.member.address, error));
  }

  requestVote(request: VoteRequest): void {
    const { server } = this.member;
    this.whenMet(() =>
      this.client.vote(toVoteArgs(this.membership.headerFor(server), request), OPTIONS),
    ).then(
      (res) => {
        if (res.status === RaftStatus.RAFT_OK) this.events.onResponse(fromVoteOk(request, res.ok));
        else this.refused(res.status, res.refusal);
      },
      () => this.events.onLost(server),
    );
  }

  appendEntries(request: AppendRequest): void {
    const { server } = this.member;
    this.whenMet(() =>
      this.client.append(toAppendArgs(this.membership.headerFor(server), request), OPTIONS),
    ).then(
      (res) => this.appendAnswered(request, res),
      () => this.events.onLost(server),
    );
  }

  timeoutNow(term: number): void {
    const { server } = this.member;
    this.whenMet(() =>
      this.client.timeoutNow({ header: this.membership.headerFor(server), term }, OPTIONS),
    ).catch(() => this.events.onLost(server));
  }

  /** The leader's read index; null when it cannot confirm that it leads. */
  async readIndex(timeoutMs: number): Promise<{ index: number; term: number } | null> {
    const header = this.membership.headerFor(this.member.server);
    const res = await this.whenMet(() => this.client.readIndex({ header }, { timeoutMs }));
    return res.status === RaftStatus.RAFT_OK && res.ok.confirmed
      ? { index: res.ok.index, term: res.ok.term }
      : null;
  }

  /** Hands a client's call over; null when the peer does not lead, and so did nothing. */
  async forward(proc: number, args: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    const header = this.membership.headerFor(this.member.server);
    const res = await this.forwardClient.forward({ header, proc, args }, { timeoutMs });
    return res.status === RaftStatus.RAFT_OK && res.ok.leads ? res.ok.result : null;
  }

  close(): void {
    this.closed = true;
    this.link.close();
    this.forwardLink.close();
  }

  /** The server at the other end of the connection is the member. */
  private get isMet(): boolean {
    return this.metOn === this.connection && this.link.connected;
  }

  private whenMet<Res>(call: () => Promise<Res>): Promise<Res> {
    return this.isMet ? call() : this.meet().then(call);
  }

  /** Asks who is there. @throws (the promise) when nobody answers, or it is not the member */
  private meet(): Promise<void> {
    this.meeting ??= this.greet(this.connection);
    return this.meeting;
  }

  private async greet(connection: number): Promise<void> {
    const { membership, member } = this;
    const { self, clusterId: cluster, members } = membership;
    try {
      const answer = await this.client.hello({ self, cluster, members, called: member.address }, OPTIONS);
      const excluded = membership.exclusionBy(answer);
      const refusal = excluded ?? (await membership.meet(member, answer));
      // That the other server has lost its data is told to its own operator.
      if (excluded !== null || refusal?.status === RaftStatus.RAFT_WRONG_CLUSTER) this.tell(refusal!.message);
      if (refusal !== null) throw new Error(refusal.message);
      if (connection !== this.connection) throw new Error("the connection broke");
      this.metOn = connection;
    } finally {
      if (connection === this.connection) this.meeting = null;
    }
  }

  /** The connection ended. If it cannot be made again at once, the server is down. */
  private async findOut(): Promise<void> {
    this.connection += 1;
    this.meeting = null;
    if (this.closed) return;
    try {
      await this.meet();
    } catch {
      if (!this.closed) this.events.onGone(this.member.server);
    }
  }

  private appendAnswered(request: AppendRequest, res: RaftAppendRes): void {
    const { server } = this.member;
    if (res.status === RaftStatus.RAFT_OK) {
      if (request.entries.length > 0) this.events.onRoom(server, true);
      this.events.onResponse(fromAppendOk(request, res.ok));
    } else {
      if (res.status === RaftStatus.RAFT_NO_SPACE) this.events.onRoom(server, false);
      this.refused(res.status, res.refusal);
    }
  }

  private refused(status: RaftStatus, refusal: RaftRefusal): void {
    this.events.onLost(this.member.server);
    // Servers that form a cluster do not come to it in the same moment; that is no news.
    if (status !== RaftStatus.RAFT_NOT_FORMED) this.tell(refusal.message);
  }

  private tell(message: string): void {
    if (message === this.lastRefusal) return;
    this.lastRefusal = message;
    this.events.onRefused(this.member.server, message);
  }
}
