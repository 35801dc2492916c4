/** How a load is shaped. The same for every contestant. */
export interface Load {
  readonly operation: "put" | "get";
  /** Clients, each with one call at a time. */
  readonly clients: number;
  /** Connections that the clients share. */
  readonly connections: number;
  /** Calls in all. */
  readonly total: number;
  readonly target: "leader" | "all";
}

/** The same for every load. Puts go through the keys in turn, gets take them at random. */
export const VALUE_BYTES = 256;
export const KEY_SPACE = 10_000;
export const KEY_PREFIX = "bench/";
export const SERVERS = 3;

export interface LoadSummary {
  readonly opsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a linearizable look at the whole store finds. */
export interface Contents {
  /** Keys of the loads that have a value of {@link VALUE_BYTES}. */
  readonly keys: number;
  /** Grows by one with each put. */
  readonly revision: number;
}

/** A write that was acknowledged. Times are those of `Date.now()`. */
export interface Acknowledgement {
  readonly sentMs: number;
  readonly acknowledgedMs: number;
  /** Which of the servers it was sent to. */
  readonly server: number;
}

export type EndSignal = "SIGKILL" | "SIGTERM";

/** Three servers of one kind on this machine; servers are numbered 0, 1, 2. */
export interface KvCluster {
  /** @throws Error when a call fails */
  load(load: Load): Promise<LoadSummary>;
  contents(): Promise<Contents>;
  /** The most memory that each server has held, in bytes. */
  peakMemoryBytes(): number[];
  /** Waits until all servers answer and agree on a leader. */
  leader(): Promise<number>;
  /** Sends a server a signal that ends it; resolves when it has ended. */
  end(server: number, signal: EndSignal): Promise<void>;
  /** Starts a server that has ended again, on its data. */
  restart(server: number): void;
  /**
   * Writes to every server every few milliseconds, whether or not the last writes were answered, until it is
   * called off.
   * @returns what calls it off
   */
  probe(onAcknowledgement: (acknowledgement: Acknowledgement) => void): Promise<() => void>;
  /** Ends the servers and removes their data. */
  stop(): Promise<void>;
}

/** A kind of cluster. */
export interface Contestant {
  readonly name: string;
  /** What was measured: versions and settings. */
  readonly measured: string;
  /** Starts servers without data and waits until they have a leader. */
  start(): Promise<KvCluster>;
}
