import type { ServerId } from "../raft/index.ts";
import type { ClusterIdentity } from "./identity.ts";

/** What happens in the life of a server that its operator should know. */
export type ServerEvent =
  /** On its own address, and under which the others reach it. */
  | { readonly kind: "listening"; readonly address: string; readonly advertised: string }
  /** The end of the log was not written to the end when the server ended last; it was never acknowledged. */
  | { readonly kind: "tornTail"; readonly bytes: number }
  /** The end of the log is lost though it was durable once: the store has what it said, up to this entry. */
  | { readonly kind: "lostTail"; readonly index: number }
  /** For the cluster to be formed these servers must answer. */
  | { readonly kind: "waiting"; readonly addresses: readonly string[] }
  | { readonly kind: "formed"; readonly cluster: ClusterIdentity }
  /** A member from before, back from a stop. */
  | { readonly kind: "rejoined"; readonly cluster: ClusterIdentity }
  /** `--peers` names other servers than the data directory, which counts. */
  | { readonly kind: "peersDiffer"; readonly addresses: readonly string[] }
  | { readonly kind: "elected"; readonly term: number }
  | { readonly kind: "following"; readonly leader: ServerId; readonly term: number }
  /** Another server refuses to be in one cluster with this one. */
  | { readonly kind: "refused"; readonly by: ServerId; readonly message: string }
  | { readonly kind: "diskFull"; readonly full: boolean }
  | { readonly kind: "handingOver"; readonly to: ServerId }
  /** A fault in the program: the caller was answered SYSTEM_ERR, the server goes on. */
  | {
      readonly kind: "callFailed";
      readonly procedure: string;
      readonly peer: string;
      readonly error: unknown;
    }
  /** The server cannot go on; the process must end. Nothing that was acknowledged is lost by that. */
  | { readonly kind: "failed"; readonly error: unknown };
