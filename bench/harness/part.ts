import type { Comparison } from "./comparison.ts";
import type { Workspace } from "./workspace.ts";

export interface PartContext {
  readonly workspace: Workspace;
  /** A smoke run: does everything, so briefly that the figures mean nothing. */
  readonly quick: boolean;
  /** Tells whoever waits what is going on. */
  progress(text: string): void;
}

export interface PartReport {
  readonly comparisons: readonly Comparison[];
  /** Versions, settings, and anything else that the figures depend on. */
  readonly measured: readonly string[];
  /** What was not measured, and what to install for it. */
  readonly missing: readonly string[];
}

/** One group of benchmarks that can be picked on the command line. */
export interface Part {
  readonly name: string;
  readonly run: (context: PartContext) => Promise<PartReport>;
}
