/** What `compile` makes, and what the code that it makes relies on. */
export interface CompileOptions {
  /** The type of a 64-bit integer. Numbers are checked to be exact: up to 2^53 − 1. Default: "bigint". */
  readonly hyper?: "bigint" | "number";
  /** Procedure constants and client classes. Default: true. */
  readonly client?: boolean;
  /** Procedure constants, handler interfaces and dispatch tables. Default: true. */
  readonly server?: boolean;
  /** The module from which the code imports the XDR runtime. Default: "sundial-kv/xdr". */
  readonly importXdr?: string;
  /** The module from which the code imports the types of the RPC runtime. Default: "sundial-kv/oncrpc". */
  readonly importOncrpc?: string;
}

/** The options with the defaults filled in. */
export type ResolvedOptions = Required<CompileOptions>;

export function withDefaults(options: CompileOptions): ResolvedOptions {
  return {
    hyper: options.hyper ?? "bigint",
    client: options.client ?? true,
    server: options.server ?? true,
    importXdr: options.importXdr ?? "sundial-kv/xdr",
    importOncrpc: options.importOncrpc ?? "sundial-kv/oncrpc",
  };
}
