import type { XdrType } from "@stellar/js-xdr";
import { type RaftAppendArgs, RaftEntryKind, raftAppendArgsCodec } from "../../src/kv/gen/raft.ts";
import { AuthFlavor, MsgType, RPC_VERSION, type RpcMsg, rpcMsgCodec } from "../../src/oncrpc/gen/rpc.ts";
import { type Codec, decodeXdr, encodeXdr, XdrWriter } from "../../src/xdr/index.ts";
import { appendArgsSchema, type JsXdrAppendArgs } from "../peers/js-xdr/raft.ts";
import { type JsXdrCall, rpcMsgSchema } from "../peers/js-xdr/rpc.ts";

/** One thing that both libraries do to the same message. */
export interface Subject {
  readonly name: string;
  /** Calls in one sample: enough that reading the clock does not count. */
  readonly batch: number;
  readonly sundial: () => unknown;
  readonly jsXdr: () => unknown;
}

const ENTRIES = 20;
const VALUE_BYTES = 256;
const CLUSTER_ID = 0x1234_5678_9abc;
const INCARNATION = 0x0f1e_2d3c_4b5a;

const values = Array.from({ length: ENTRIES }, (_, i) => new Uint8Array(VALUE_BYTES).fill(i + 1));

const appendArgs: RaftAppendArgs = {
  header: { cluster: CLUSTER_ID, from: 1, incarnation: INCARNATION, to: 2 },
  term: 7,
  prevIndex: 123_456,
  prevTerm: 7,
  commitIndex: 123_440,
  discardIndex: 100_000,
  round: 9_001,
  entries: values.map((data) => ({ term: 7, kind: RaftEntryKind.RAFT_COMMAND, data })),
};

const appendArgsOfJsXdr: JsXdrAppendArgs = {
  header: { cluster: BigInt(CLUSTER_ID), from: 1, incarnation: BigInt(INCARNATION), to: 2 },
  term: 7n,
  prevIndex: 123_456n,
  prevTerm: 7n,
  commitIndex: 123_440n,
  discardIndex: 100_000n,
  round: 9_001n,
  entries: values.map((data) => ({ term: 7n, kind: RaftEntryKind.RAFT_COMMAND, data })),
};

const none = { flavor: AuthFlavor.AUTH_NONE, body: new Uint8Array(0) };
const cbody = { rpcvers: RPC_VERSION, prog: 0x2000_4b56, vers: 1, proc: 2, cred: none, verf: none };
const call: RpcMsg & JsXdrCall = { xid: 0x1357_9bdf, body: { mtype: MsgType.CALL, cbody } };

export function codecSubjects(): Subject[] {
  return [
    ...subjectsOf("AppendEntries", 50, raftAppendArgsCodec, appendArgs, appendArgsSchema, appendArgsOfJsXdr),
    ...subjectsOf("call header", 500, rpcMsgCodec, call, rpcMsgSchema, call),
  ];
}

/** @throws Error when the two libraries do not make the same bytes of the message */
function subjectsOf<Ours, Theirs>(
  name: string,
  batch: number,
  codec: Codec<Ours>,
  ours: Ours,
  schema: XdrType<Theirs>,
  theirs: Theirs,
): Subject[] {
  const bytes = encodeXdr(codec, ours);
  if (Buffer.compare(bytes, schema.encode(theirs)) !== 0) {
    throw new Error(`${name}: Sundial and js-xdr make different bytes of it`);
  }
  const writer = new XdrWriter();
  return [
    {
      name: `${name}, encode`,
      batch,
      sundial: () => encodeXdr(codec, ours),
      jsXdr: () => schema.encode(theirs),
    },
    {
      // js-xdr has no counterpart: its writer cannot be emptied.
      name: `${name}, encode into the buffer of a connection`,
      batch,
      sundial: () => {
        writer.truncate(0);
        codec.encode(writer, ours);
        return writer.view();
      },
      jsXdr: () => schema.encode(theirs),
    },
    {
      name: `${name}, decode`,
      batch,
      sundial: () => decodeXdr(codec, bytes),
      jsXdr: () => schema.decode(bytes),
    },
  ];
}
