import type { RaftConfig } from "../../../src/raft/index.ts";
import type { Dice } from "./dice.ts";

/** How a random run goes: what kind of cluster, and what happens to it how often. Times are in units; a tick is about ten. */
export interface Weather {
  readonly servers: number;
  readonly config: Partial<RaftConfig> & { readonly electionTicks: number };
  /** Each input is followed by a `takeReady`; otherwise those of some units of time share one. */
  readonly isEager: boolean;
  readonly payloadBytes: number;
  /** Of each server: from one tick to the next. */
  readonly tickUnits: readonly number[];
  /** A message takes up to so long, mostly; messages overtake each other. */
  readonly delayUnits: number;
  /** A write takes up to so long, mostly. */
  readonly writeUnits: number;
  /** Until the core hears of a finished write it takes up to so long. */
  readonly reportUnits: number;
  /** The part of messages and writes that take many times so long. */
  readonly lateness: number;
  /** The part of messages that get lost. */
  readonly loss: number;
  /** The part of messages that arrive twice, the second time perhaps much later. */
  readonly duplication: number;
  /** The part of leaders that are stirred up soon after their election, while their first entries are on their way. */
  readonly shortReigns: number;
  /** Mean times from one to the next of each kind; Infinity: it never happens. */
  readonly every: Readonly<Record<Happening, number>>;
  /** Mean times until a server is started again, and until the network is whole again. */
  readonly downUnits: number;
  readonly partitionUnits: number;
}

export type Happening =
  | "propose"
  | "read"
  | "transfer"
  | "suspect"
  | "unrest"
  | "learnCommit"
  | "discard"
  | "unreachable"
  | "crash"
  | "partition";

/** Each run has its own weather: a fault that is rare in one is common in the next, and most are absent in some. */
export function drawWeather(dice: Dice): Weather {
  const servers = dice.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5]);
  const part = (most: number): number => (dice.oneIn(2) ? 0 : most * dice.fraction() ** 2);
  const between = (least: number, most: number): number => least + (most - least) * dice.fraction() ** 2;
  const sometimes = (least: number, most: number): number =>
    dice.oneIn(2) ? Infinity : between(least, most);
  return {
    servers,
    config: drawConfig(dice),
    isEager: dice.oneIn(2),
    payloadBytes: dice.pick([1, 16, 64]),
    tickUnits: Array.from({ length: servers }, () => (dice.oneIn(4) ? 5 + dice.below(15) : 10)),
    delayUnits: between(1, 15),
    writeUnits: dice.oneIn(3) ? between(15, 100) : between(1, 15),
    reportUnits: between(1, 5),
    lateness: part(0.2),
    loss: part(0.3),
    duplication: part(0.3),
    shortReigns: dice.oneIn(2) ? 0 : dice.fraction(),
    every: {
      propose: between(3, 60),
      read: sometimes(5, 60),
      transfer: sometimes(60, 600),
      suspect: sometimes(60, 600),
      unrest: dice.oneIn(3) ? Infinity : between(30, 300),
      learnCommit: sometimes(10, 100),
      discard: sometimes(20, 200),
      unreachable: sometimes(50, 500),
      crash: sometimes(50, 1000),
      partition: sometimes(100, 1000),
    },
    downUnits: between(20, 400),
    partitionUnits: between(20, 400),
  };
}

function drawConfig(dice: Dice): Weather["config"] {
  const isNarrow = dice.oneIn(2);
  return {
    heartbeatTicks: 1 + dice.below(3),
    electionTicks: 5 + dice.below(8),
    messageEntriesLimit: isNarrow ? 1 + dice.below(3) : 1000,
    messageBytesLimit: isNarrow ? 10 + dice.below(100) : 1 << 20,
    inflightMessagesLimit: isNarrow ? 1 + dice.below(4) : 100,
    inflightBytesLimit: isNarrow ? 20 + dice.below(300) : 1 << 20,
    uncommittedBytesLimit: isNarrow ? 100 + dice.below(1000) : 1 << 20,
  };
}
