import { array, enumType, struct, uint32, uint64, varOpaque, type XdrType } from "@stellar/js-xdr";
import { RAFT_ENTRIES_MAX, RAFT_ENTRY_MAX } from "../../../src/kv/gen/raft.ts";

/** raft_append_args as js-xdr has it: 64-bit integers are always bigint. */
export interface JsXdrAppendArgs {
  readonly header: {
    readonly cluster: bigint;
    readonly from: number;
    readonly incarnation: bigint;
    readonly to: number;
  };
  readonly term: bigint;
  readonly prevIndex: bigint;
  readonly prevTerm: bigint;
  readonly commitIndex: bigint;
  readonly discardIndex: bigint;
  readonly round: bigint;
  readonly entries: readonly JsXdrEntry[];
}

export interface JsXdrEntry {
  readonly term: bigint;
  readonly kind: 0 | 1;
  readonly data: Uint8Array;
}

const header = struct("raft_header", {
  cluster: uint64(),
  from: uint32(),
  incarnation: uint64(),
  to: uint32(),
});

const entryKind = enumType("raft_entry_kind", { RAFT_NOOP: 0, RAFT_COMMAND: 1 });

const entry = struct("raft_entry", {
  term: uint64(),
  kind: entryKind,
  data: varOpaque(RAFT_ENTRY_MAX),
});

/** raft_append_args of idl/raft.x, declared by hand as js-xdr wants it. */
export const appendArgsSchema: XdrType<JsXdrAppendArgs> = struct("raft_append_args", {
  header,
  term: uint64(),
  prevIndex: uint64(),
  prevTerm: uint64(),
  commitIndex: uint64(),
  discardIndex: uint64(),
  round: uint64(),
  entries: array(entry, RAFT_ENTRIES_MAX),
});
