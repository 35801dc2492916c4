import { logFor } from "../oncrpc/log.ts";
import { type RaftHeader, type RaftHelloRes, type RaftMember, RaftStatus } from "./gen/raft.ts";
import type { ClusterIdentity, Identity } from "./identity.ts";

const debug = logFor("kv:membership");

/** Why a call of another server, or a call to it, is refused. */
export interface Refusal {
  readonly status: Exclude<RaftStatus, typeof RaftStatus.RAFT_OK>;
  /** For the operator of the server that is refused. */
  readonly message: string;
}

/**
 * Who belongs to the cluster, and who may speak for whom.
 *
 * Every call between servers names the cluster, the sender, the sender's incarnation and the receiver. All four
 * are checked here before anything else in the call is looked at, so that a stranger's high term deposes nobody.
 */
export class Membership {
  readonly self: RaftMember;
  readonly clusterId: number;
  private readonly byServer: Map<number, RaftMember>;
  private readonly save: (cluster: ClusterIdentity) => Promise<void>;
  /** Members that are met for the first time, until that is on disk. */
  private readonly learning = new Set<number>();
  private saving: Promise<void> = Promise.resolve();

  /** @param save  makes members that changed durable */
  constructor(
    identity: Identity,
    cluster: ClusterIdentity,
    save: (cluster: ClusterIdentity) => Promise<void>,
  ) {
    this.self = { server: identity.server, incarnation: identity.incarnation, address: identity.address };
    this.clusterId = cluster.id;
    this.byServer = new Map(cluster.members.map((member) => [member.server, member]));
    this.save = save;
  }

  get members(): readonly RaftMember[] {
    return [...this.byServer.values()];
  }

  get ids(): readonly number[] {
    return [...this.byServer.keys()];
  }

  get peers(): readonly RaftMember[] {
    return this.members.filter((member) => member.server !== this.self.server);
  }

  addressOf(server: number): string | undefined {
    return this.byServer.get(server)?.address;
  }

  /** What goes in front of every call to `to`. */
  headerFor(to: number): RaftHeader {
    return { cluster: this.clusterId, from: this.self.server, incarnation: this.self.incarnation, to };
  }

  /** What this server says of itself and of the cluster to one that asks. */
  hello(asker: RaftMember): RaftHelloRes {
    return {
      self: this.self,
      cluster: this.clusterId,
      members: this.members,
      called: this.addressOf(asker.server) ?? "",
    };
  }

  /** Looks at whom a server that was asked takes this one for. */
  exclusionBy({ cluster, members }: RaftHelloRes): Refusal | null {
    const self = members.find(({ server }) => server === this.self.server);
    const isOther =
      self !== undefined && self.incarnation !== 0 && self.incarnation !== this.self.incarnation;
    return cluster === this.clusterId && isOther ? otherDirectory(this.self.server) : null;
  }

  /**
   * Looks at who answers at the address of `member`. Its answers count only when it is known to be the member, with
   * the data directory it always had: it could vote twice, or confirm entries that it has lost since.
   */
  async meet({ server, address }: RaftMember, { self, cluster }: RaftHelloRes): Promise<Refusal | null> {
    if (cluster === 0)
      return refusal(RaftStatus.RAFT_NOT_FORMED, `the server at ${address} has not joined its cluster yet`);
    if (cluster !== this.clusterId)
      return refusal(
        RaftStatus.RAFT_WRONG_CLUSTER,
        `the server at ${address} belongs to another cluster than the data directory of this one; was that made anew, or mixed up with another?`,
      );
    if (self.server !== server)
      return refusal(RaftStatus.RAFT_WRONG_SERVER, `${address} is server ${self.server}, not ${server}`);
    this.checkIncarnation(this.byServer.get(server)!, self.incarnation);
    await this.saving;
    return this.checkIncarnation(this.byServer.get(server)!, self.incarnation);
  }

  /** Looks at who sends. */
  check(header: RaftHeader): Refusal | null {
    const { server, address } = this.self;
    if (header.cluster !== this.clusterId) {
      const message = `server ${server} at ${address} belongs to another cluster`;
      return refusal(RaftStatus.RAFT_WRONG_CLUSTER, message);
    }
    if (header.to !== server)
      return refusal(RaftStatus.RAFT_WRONG_SERVER, `${address} is server ${server}, not ${header.to}`);
    const sender = this.byServer.get(header.from);
    if (sender === undefined) {
      const message = `server ${header.from} is not a member of the cluster of ${this.ids.join(", ")}`;
      return refusal(RaftStatus.RAFT_NOT_MEMBER, message);
    }
    return this.checkIncarnation(sender, header.incarnation);
  }

  /**
   * A member that was named by its id alone is taken for the first data directory that speaks for it, and for that
   * one only from then on. What it says counts only once that is on disk.
   */
  private checkIncarnation(sender: RaftMember, incarnation: number): Refusal | null {
    if (sender.incarnation === incarnation) return null;
    if (sender.incarnation !== 0) return otherDirectory(sender.server);
    if (!this.learning.has(sender.server)) this.learn({ ...sender, incarnation });
    return refusal(RaftStatus.RAFT_NOT_FORMED, `meeting server ${sender.server} for the first time`);
  }

  /** One at a time: each writes the file anew, with what the one before has learned. */
  private learn(member: RaftMember): void {
    this.learning.add(member.server);
    this.saving = this.saving
      .then(() => this.remember(member))
      // It stays unknown, and is met again with its next call.
      .catch((error: unknown) => debug("cannot save server %d: %s", member.server, error))
      .finally(() => this.learning.delete(member.server));
  }

  private async remember(member: RaftMember): Promise<void> {
    const members = this.members.map((known) => (known.server === member.server ? member : known));
    await this.save({ id: this.clusterId, members });
    this.byServer.set(member.server, member);
  }
}

function refusal(status: Refusal["status"], message: string): Refusal {
  return { status, message };
}

function otherDirectory(server: number): Refusal {
  return refusal(
    RaftStatus.RAFT_WRONG_INCARNATION,
    `server ${server} has another data directory than before; a server that lost its data must not come back under the same id: restore the directory from a copy made after it last ran, or leave it off`,
  );
}
