import type { KvHeader, KvServerStatus, KvPair as WirePair } from "../gen/kv.ts";
import type { KvError } from "./errors.ts";

/** A key, its value, and the writes that made it what it is. The bytes belong to the caller. */
export interface KvPair extends WirePair {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The pairs of one answer, in the order of their keys' bytes. */
export interface KvRange {
  readonly pairs: readonly KvPair[];
  /** There are more, behind the last of `pairs`. */
  readonly more: boolean;
  /** The store's revision that was read. */
  readonly revision: number;
}

/** What one server says of itself, or why it says nothing. */
export type KvServerReport =
  | {
      readonly up: true;
      /** `host:port`, as the client was given it. */
      readonly address: string;
      readonly header: KvHeader;
      readonly status: KvServerStatus;
    }
  | {
      readonly up: false;
      readonly address: string;
      /** One line for people. */
      readonly reason: string;
      readonly error: KvError;
    };

/** A pair with bytes of its own: those of the wire are views that would hold on to all that came with them. */
export function ownPair(pair: WirePair): KvPair {
  const { key, value, createRevision, modRevision, keyVersion } = pair;
  return { key: Buffer.from(key), value: Buffer.from(value), createRevision, modRevision, keyVersion };
}
