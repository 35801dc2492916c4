import type * as raft from "../../../src/raft/index.ts";

/** What the simulation needs of `src/raft`, so that it can also run a copy with a bug planted in it. */
export type RaftModule = Pick<typeof raft, "Raft" | "LogPositions" | "DEFAULT_LIMITS">;
