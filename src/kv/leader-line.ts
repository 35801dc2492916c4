import { RpcError } from "../oncrpc/errors.ts";
import type { LogIndex, ServerId, Term } from "../raft/index.ts";
import type { Peer } from "./peer.ts";

/** The way of reads and writes to the leader, when it is another server. */
export class LeaderLine {
  private readonly peers: ReadonlyMap<ServerId, Pick<Peer, "readIndex" | "forward">>;

  constructor(peers: ReadonlyMap<ServerId, Pick<Peer, "readIndex" | "forward">>) {
    this.peers = peers;
  }

  /**
   * The read index of `leader`, and the term in which it is valid; null when it does not lead, or cannot show it.
   * Rejects when there is no answer.
   */
  async readIndex(leader: ServerId, timeoutMs: number): Promise<{ index: LogIndex; term: Term } | null> {
    return (await this.peers.get(leader)?.readIndex(timeoutMs)) ?? null;
  }

  /**
   * Hands a client's call to `leader`. Resolves with the XDR form of the result, or with null when it does not lead
   * or was never reached, and so did nothing. Rejects when there is no answer: it may have been carried out.
   */
  async forward(
    leader: ServerId,
    proc: number,
    args: Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array | null> {
    try {
      return (await this.peers.get(leader)?.forward(proc, args, timeoutMs)) ?? null;
    } catch (error) {
      if (wasNotSent(error)) return null;
      throw error;
    }
  }
}

function wasNotSent(error: unknown): boolean {
  return error instanceof RpcError && "sent" in error && error.sent === false;
}
