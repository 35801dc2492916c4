import type { RaftHelloArgs, RaftHelloRes } from "./gen/raft.ts";
import type { ClusterIdentity } from "./identity.ts";
import { type Agreement, agreeOnMembers, introduce, type Newcomer } from "./membership-agreement.ts";
import type { Clock } from "./ports.ts";
import { KvServerError } from "./server-error.ts";

/** Asks the server at an address who it is; rejects when there is none. */
export type AskHello = (address: string, args: RaftHelloArgs) => Promise<RaftHelloRes>;

export interface FormationOptions {
  readonly clock: Clock;
  readonly ask: AskHello;
  /** Between two rounds of questions. */
  readonly retryMs: number;
  /** Called when the set of servers that have not answered changes. */
  readonly onWaiting: (addresses: readonly string[]) => void;
}

/**
 * Forms a cluster at the first start: asks each peer who it is until all have answered and agree.
 *
 * A server that is asked learns nothing from it: each forms the cluster for itself, from answers to its own
 * questions, and comes to the same result.
 */
export class Formation {
  private readonly newcomer: Newcomer;
  private readonly options: FormationOptions;
  private readonly answers = new Map<string, RaftHelloRes>();
  private stopped = false;
  private waitingFor = "";

  constructor(newcomer: Newcomer, options: FormationOptions) {
    this.newcomer = newcomer;
    this.options = options;
  }

  /** What this server says to a peer that asks, until it belongs to a cluster. */
  hello(): RaftHelloRes {
    const { self, peerAddresses } = this.newcomer;
    return introduce(self, { kind: "addresses", addresses: peerAddresses });
  }

  stop(): void {
    this.stopped = true;
  }

  /**
   * @returns the cluster; null when it was stopped before there was one
   * @throws KvServerError `DISAGREEMENT`
   */
  async run(): Promise<ClusterIdentity | null> {
    while (!this.stopped) {
      const agreement = agreeOnMembers(this.newcomer, this.answers);
      if (agreement.kind === "disagreement") throw new KvServerError("DISAGREEMENT", agreement.message);
      if (agreement.kind === "agreed") return agreement.cluster;
      this.reportWaiting(agreement);
      await this.askAll();
      if (agreeOnMembers(this.newcomer, this.answers).kind === "waiting") await this.pause();
    }
    return null;
  }

  /** Asks every peer anew, also those that answered before: they may have been started again with other flags. */
  private async askAll(): Promise<void> {
    const { self } = this.newcomer;
    await Promise.all(
      this.newcomer.peerAddresses.map(async (address) => {
        try {
          const { members } = this.hello();
          this.answers.set(
            address,
            await this.options.ask(address, { self, cluster: 0, members, called: address }),
          );
        } catch {
          this.answers.delete(address);
        }
      }),
    );
  }

  private reportWaiting(agreement: Extract<Agreement, { kind: "waiting" }>): void {
    const now = agreement.forAddresses.join();
    if (now === this.waitingFor || this.answers.size + agreement.forAddresses.length === 0) return;
    this.waitingFor = now;
    this.options.onWaiting(agreement.forAddresses);
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      this.options.clock.after(this.options.retryMs, resolve);
    });
  }
}
