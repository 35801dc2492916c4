import type { Entry, ProposeResult, Role } from "../../../src/raft/index.ts";

/** Stands in for the consensus core where a test decides itself who leads and what becomes of proposals. */
export class StubRaft {
  role: Role = "follower";
  leader = 0;
  term = 1;
  lastIndex = 0;
  /** What a leader says to proposals. */
  outcome: "accepted" | "transferring" | "busy" = "accepted";
  /** The entries that were proposed, as they were handed over. */
  readonly log: Entry[] = [];
  readonly readIds: number[] = [];
  readonly learned: { readonly term: number; readonly index: number }[] = [];

  /** This server, 1, leads from now on. */
  lead(term: number): void {
    this.role = "leader";
    this.leader = 1;
    this.term = term;
  }

  follow(leader: number): void {
    this.role = "follower";
    this.leader = leader;
  }

  propose(payloads: readonly Uint8Array[]): ProposeResult {
    if (this.role !== "leader") return { outcome: "notLeader", leader: this.leader };
    if (this.outcome !== "accepted") return { outcome: this.outcome };
    const firstIndex = this.lastIndex + 1;
    for (const data of payloads) {
      this.lastIndex += 1;
      this.log.push({ index: this.lastIndex, term: this.term, kind: 1, data });
    }
    return { outcome: "accepted", firstIndex, term: this.term };
  }

  readIndex(id: number): boolean {
    if (this.role !== "leader") return false;
    this.readIds.push(id);
    return true;
  }

  learnCommit(term: number, index: number): void {
    this.learned.push({ term, index });
  }
}
