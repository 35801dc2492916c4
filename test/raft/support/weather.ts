import type { RaftConfig } from "../../../src/raft/index.ts";
import type { Dice } from "./dice.ts";

/** How a random run goes: what kind of cluster, and how often what happens to it. Frequencies are relative. */
export interface Weather {
  readonly servers: number;
  readonly config: Partial<RaftConfig>;
  /** Each input is followed by a `takeReady`; otherwise many inputs share one. */
  readonly isEager: boolean;
  readonly payloadBytes: number;
  /** The part of messages that do not come in order. */
  readonly reordering: number;
  /** Of each server: which part of the ticks it notices. */
  readonly pace: readonly number[];
  readonly deliver: number;
  readonly lose: number;
  readonly duplicate: number;
  readonly replay: number;
  readonly tick: number;
  readonly write: number;
  readonly report: number;
  readonly takeReady: number;
  readonly propose: number;
  readonly read: number;
  readonly transfer: number;
  readonly suspect: number;
  readonly learn: number;
  readonly discard: number;
  readonly unreachable: number;
  readonly crash: number;
  readonly restart: number;
  readonly partition: number;
  readonly heal: number;
}

/** Each run has its own weather: a fault that is rare in one is common in the next, and most are absent in some. */
export function drawWeather(dice: Dice): Weather {
  const servers = dice.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5]);
  const sometimes = (most: number): number => (dice.oneIn(3) ? 0 : most * dice.fraction() ** 2);
  const isEager = dice.oneIn(2);
  const crash = sometimes(1.5);
  const partition = sometimes(1);
  return {
    servers,
    config: drawConfig(dice),
    isEager,
    payloadBytes: dice.pick([1, 16, 64]),
    reordering: dice.oneIn(2) ? 0 : dice.fraction(),
    pace: Array.from({ length: servers }, () => (dice.oneIn(3) ? 0.3 + 0.7 * dice.fraction() : 1)),
    deliver: 40,
    lose: sometimes(15),
    duplicate: sometimes(5),
    replay: sometimes(5),
    tick: 4 + 12 * dice.fraction(),
    write: 3 + 20 * dice.fraction(),
    report: 5,
    takeReady: isEager ? 0 : 3 + 30 * dice.fraction(),
    propose: 1 + sometimes(10),
    read: sometimes(5),
    transfer: sometimes(0.6),
    suspect: sometimes(0.6),
    learn: sometimes(2),
    discard: sometimes(1),
    unreachable: sometimes(0.3),
    crash,
    restart: crash * (0.5 + 3 * dice.fraction()),
    partition,
    heal: partition * (0.3 + dice.fraction()),
  };
}

function drawConfig(dice: Dice): Partial<RaftConfig> {
  const isNarrow = dice.oneIn(2);
  return {
    heartbeatTicks: 1 + dice.below(3),
    electionTicks: 5 + dice.below(11),
    messageEntriesLimit: isNarrow ? 1 + dice.below(3) : 1000,
    messageBytesLimit: isNarrow ? 10 + dice.below(100) : 1 << 20,
    inflightMessagesLimit: isNarrow ? 1 + dice.below(4) : 100,
    inflightBytesLimit: isNarrow ? 20 + dice.below(300) : 1 << 20,
    uncommittedBytesLimit: isNarrow ? 100 + dice.below(1000) : 1 << 20,
  };
}
