import { median } from "./median.ts";

/** What a comparison has to come to. Ratios are always Sundial / peer, whichever way is better. */
export type Target =
  | { readonly kind: "atLeast"; readonly ratio: number }
  | { readonly kind: "atMost"; readonly ratio: number }
  /** A limit on Sundial's own figure, for what has no peer. */
  | { readonly kind: "within"; readonly value: number };

/** One figure of one contestant in each round; round `i` of Sundial ran next to round `i` of the peer. */
export interface Comparison {
  readonly benchmark: string;
  readonly unit: string;
  readonly sundial: readonly number[];
  /** Empty when there is no peer, or it is not installed. */
  readonly peer: readonly number[];
  readonly peerName: string;
  readonly target?: Target | undefined;
}

export type Verdict = "ok" | "short" | "no peer" | "";

/** A line of the result table, and of the JSON file. */
export interface Result extends Comparison {
  readonly sundialMedian: number | undefined;
  readonly peerMedian: number | undefined;
  /** The median of the rounds' ratios, so that a round in which the machine was slow for both counts like any other. */
  readonly ratio: number | undefined;
  readonly verdict: Verdict;
}

export function judge(comparison: Comparison): Result {
  const { sundial, peer, target } = comparison;
  const ratios = sundial.slice(0, peer.length).map((value, round) => value / peer[round]!);
  const sundialMedian = median(sundial);
  const ratio = median(ratios);
  return {
    ...comparison,
    sundialMedian,
    peerMedian: median(peer),
    ratio,
    verdict: target === undefined ? "" : verdictOn(target, sundialMedian, ratio),
  };
}

function verdictOn(target: Target, sundial: number | undefined, ratio: number | undefined): Verdict {
  switch (target.kind) {
    case "within":
      return sundial !== undefined && sundial <= target.value ? "ok" : "short";
    case "atLeast":
      if (ratio === undefined) return "no peer";
      return ratio >= target.ratio ? "ok" : "short";
    case "atMost":
      if (ratio === undefined) return "no peer";
      return ratio <= target.ratio ? "ok" : "short";
  }
}
