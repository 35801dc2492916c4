import type { CallContext, RpcService } from "../oncrpc/procedure.ts";
import type { Raft, VoteResponse } from "../raft/index.ts";
import { decodeXdr, encodeXdr } from "../xdr/index.ts";
import { KV_DELETE, KV_PUT, KV_REPLICAS } from "./gen/kv.ts";
import {
  type RaftAppendArgs,
  type RaftAppendRes,
  type RaftForwardArgs,
  type RaftForwardRes,
  type RaftHeader,
  type RaftHelloArgs,
  type RaftHelloRes,
  type RaftReadIndexArgs,
  type RaftReadIndexRes,
  RaftStatus,
  type RaftTimeoutNowArgs,
  type RaftTimeoutNowRes,
  type RaftV1Handlers,
  type RaftVoteArgs,
  type RaftVoteRes,
} from "./gen/raft.ts";
import type { Membership, Refusal } from "./membership.ts";
import type { Node } from "./node.ts";
import { fromAppendArgs, fromVoteArgs, toAppendOk, toVoteOk } from "./raft-wire.ts";
import type { ReadBarriers } from "./read-barriers.ts";

export interface RaftServiceParts {
  readonly membership: Membership;
  readonly raft: Raft;
  readonly node: Node;
  readonly reads: ReadBarriers;
  /** The KV program, for calls that a follower hands over. */
  readonly kv: RpcService;
  /** False: entries of so many bytes would not fit on the disk. */
  readonly hasRoomFor: (bytes: number, entries: number) => boolean;
}

/** The calls of clients that may be handed to the leader. */
const FORWARDED: ReadonlySet<number> = new Set([KV_PUT.proc, KV_DELETE.proc, KV_REPLICAS.proc]);

const NO_RESULT = new Uint8Array(0);

/** The Raft program, version 1: what members of the cluster ask of this server. */
export class RaftService implements RaftV1Handlers {
  private readonly parts: RaftServiceParts;

  constructor(parts: RaftServiceParts) {
    this.parts = parts;
  }

  null(): void {}

  hello(args: RaftHelloArgs): RaftHelloRes {
    return this.parts.membership.hello(args.self);
  }

  vote(args: RaftVoteArgs): RaftVoteRes | Promise<RaftVoteRes> {
    const refusal = this.check(args.header);
    if (refusal !== null) return refusal;
    return this.parts.node
      .request(fromVoteArgs(args))
      .then((response) => ({ status: RaftStatus.RAFT_OK, ok: toVoteOk(response as VoteResponse) }));
  }

  append(args: RaftAppendArgs): RaftAppendRes | Promise<RaftAppendRes> {
    const refusal = this.check(args.header);
    if (refusal !== null) return refusal;
    const { entries } = args;
    if (entries.length > 0 && !this.parts.hasRoomFor(dataBytes(args), entries.length)) {
      const message = `the disk of server ${this.parts.membership.self.server} is full`;
      return { status: RaftStatus.RAFT_NO_SPACE, refusal: { message } };
    }
    return this.parts.node.request(fromAppendArgs(args)).then((response) => {
      if (response.kind !== "appendResponse") throw new TypeError(`a ${response.kind} answers an append`);
      return { status: RaftStatus.RAFT_OK, ok: toAppendOk(response) };
    });
  }

  timeoutNow({ header, term }: RaftTimeoutNowArgs): RaftTimeoutNowRes {
    const refusal = this.check(header);
    if (refusal !== null) return refusal;
    this.parts.node.receive({ kind: "timeoutNow", from: header.from, to: header.to, term });
    return { status: RaftStatus.RAFT_OK };
  }

  async readIndex({ header }: RaftReadIndexArgs): Promise<RaftReadIndexRes> {
    const refusal = this.check(header);
    if (refusal !== null) return refusal;
    const { raft, reads } = this.parts;
    const index = await reads.readIndexForPeer();
    const ok = { confirmed: index !== null, term: raft.term, index: index ?? 0 };
    return { status: RaftStatus.RAFT_OK, ok };
  }

  async forward({ header, proc, args }: RaftForwardArgs, context: CallContext): Promise<RaftForwardRes> {
    const refusal = this.check(header);
    if (refusal !== null) return refusal;
    const { raft, kv } = this.parts;
    const row = kv.procedures.get(proc);
    if (raft.role !== "leader" || row === undefined || !FORWARDED.has(proc)) {
      return { status: RaftStatus.RAFT_OK, ok: { leads: false, result: NO_RESULT } };
    }
    const decoded = decodeXdr(row.procedure.args, args);
    const result = await row.handler(decoded, { ...context, argBytes: args });
    return {
      status: RaftStatus.RAFT_OK,
      ok: { leads: true, result: encodeXdr(row.procedure.result, result) },
    };
  }

  private check(
    header: RaftHeader,
  ): { readonly status: Refusal["status"]; readonly refusal: { message: string } } | null {
    const refusal = this.parts.membership.check(header);
    return refusal === null ? null : { status: refusal.status, refusal: { message: refusal.message } };
  }
}

function dataBytes({ entries }: RaftAppendArgs): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.data.length;
  return bytes;
}
