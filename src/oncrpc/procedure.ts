import type { Codec } from "../xdr/index.ts";

/** One remote procedure, as `rpcgen-ts` makes it from a `.x` file: its number and the types on both ways. */
export interface Procedure<Args, Result> {
  readonly name: string;
  readonly prog: number;
  readonly vers: number;
  readonly proc: number;
  readonly args: Codec<Args>;
  readonly result: Codec<Result>;
}

/** What a caller may say about one call. */
export interface CallOptions {
  /** The call fails with `RpcTimeoutError` when no reply came within so long. */
  readonly timeoutMs?: number;
  /** Aborting it takes the call back: the promise rejects at once, a late reply is dropped. */
  readonly signal?: AbortSignal;
}

/** Anything that can carry out calls; what the generated client classes are built on. */
export interface RpcCaller {
  call<Args, Result>(procedure: Procedure<Args, Result>, args: Args, options?: CallOptions): Promise<Result>;
}

/** What a handler knows of the call it answers. */
export interface CallContext {
  /** Address of the caller, for logs, for example `127.0.0.1:40112`. */
  readonly peer: string;
  readonly xid: number;
  /** The claim that came with the call; see `AuthSysCredential`. A claim is not a proof. */
  readonly credential: Credential;
  /** The arguments as they came, before decoding; a view that is valid until the handler first returns. */
  readonly argBytes: Uint8Array;
  /**
   * Calls `listener` when the caller has hung up, or ended its side of the connection, which looks the same: most
   * likely nobody waits for the result any more. For calls that wait for long, which should then return early.
   * Returns a function that takes it back.
   */
  onGone(listener: () => void): () => void;
}

/** Who a caller says it is (RFC 5531 §8.2). */
export type Credential =
  | { readonly flavor: "none" }
  | {
      readonly flavor: "sys";
      readonly stamp: number;
      readonly machineName: string;
      readonly uid: number;
      readonly gid: number;
      readonly gids: readonly number[];
    };

/** Answers one procedure. What it throws becomes SYSTEM_ERR on the wire and a line in the log. */
export type Handler<Args, Result> = (args: Args, context: CallContext) => Result | Promise<Result>;

/** One row of the dispatch table. */
export interface ServiceProcedure<Args, Result> {
  readonly procedure: Procedure<Args, Result>;
  readonly handler: Handler<Args, Result>;
}

/** All procedures of one version of one program, indexed by procedure number; what a server dispatches on. */
export interface RpcService {
  readonly name: string;
  readonly prog: number;
  readonly vers: number;
  // biome-ignore lint/suspicious/noExplicitAny: the rows differ in their types; each is consistent in itself
  readonly procedures: ReadonlyMap<number, ServiceProcedure<any, any>>;
}
