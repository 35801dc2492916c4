import type { CallContext } from "../oncrpc/procedure.ts";
import type { Raft } from "../raft/index.ts";
import { decodeXdr, encodeXdr } from "../xdr/index.ts";
import { DELETE, PUT } from "./command.ts";
import {
  KV_RANGE_MAX,
  KV_REPLICAS,
  KV_WAIT_MAX_MS,
  KvConsistency,
  type KvDeleteArgs,
  type KvDeleteRes,
  type KvGetArgs,
  type KvGetRes,
  type KvHeader,
  type KvPutArgs,
  type KvPutRes,
  type KvRangeArgs,
  type KvRangeRes,
  type KvReplicasArgs,
  type KvReplicasRes,
  KvStatus,
  type KvStatusRes,
  type KvV1Handlers,
  kvDeleteResCodec,
  kvPutResCodec,
  kvReplicasArgsCodec,
  kvReplicasResCodec,
} from "./gen/kv.ts";
import type { LeaderLine } from "./leader-line.ts";
import type { Clock } from "./ports.ts";
import type { ReadBarriers } from "./read-barriers.ts";
import type { ReplicaCounter } from "./replica-counter.ts";
import { type ServerStatusParts, serverStatus } from "./server-status.ts";
import { statusText } from "./status-text.ts";
import type { WriteOutcome } from "./write-outcome.ts";
import type { WriteAnswer, WriteQueue } from "./write-queue.ts";

export interface KvServiceParts extends ServerStatusParts {
  readonly raft: Pick<Raft, "role" | "leader" | "term" | "status">;
  readonly writes: Pick<WriteQueue, "submit">;
  readonly reads: Pick<ReadBarriers, "pass">;
  readonly replicas: Pick<ReplicaCounter, "count">;
  readonly line: Pick<LeaderLine, "forward">;
  readonly clock: Clock;
  readonly limits: KvLimits;
}

/** What this server takes, at most what `idl/kv.x` allows. */
export interface KvLimits {
  readonly valueBytes: number;
  /** Key and value bytes in one answer to KV_RANGE; at least one pair is sent, whatever its size. */
  readonly rangeBytes: number;
}

type Refused = Exclude<KvStatus, typeof KvStatus.KV_OK>;
type RefusedWrite = Exclude<Refused, typeof KvStatus.KV_CONFLICT>;

/** The KV program, version 1: from arguments to a write in the log or a read of the store, and to a result. */
export class KvService implements KvV1Handlers {
  private readonly parts: KvServiceParts;

  constructor(parts: KvServiceParts) {
    this.parts = parts;
  }

  null(): void {}

  put(args: KvPutArgs, context: CallContext): KvPutRes | Promise<KvPutRes> {
    if (args.key.length === 0) return this.refusedWrite(KvStatus.KV_INVALID, EMPTY_KEY);
    const { valueBytes } = this.parts.limits;
    if (args.value.length > valueBytes) {
      const message = `the value has ${args.value.length} bytes; this server takes ${valueBytes}`;
      return this.refusedWrite(KvStatus.KV_TOO_LARGE, message);
    }
    const { writes } = this.parts;
    return writes.submit(PUT, context.argBytes, hasSession(args)).then((answer) => this.putResult(answer));
  }

  delete(args: KvDeleteArgs, context: CallContext): KvDeleteRes | Promise<KvDeleteRes> {
    if (args.key.length === 0) return this.refusedWrite(KvStatus.KV_INVALID, EMPTY_KEY);
    const { writes } = this.parts;
    return writes
      .submit(DELETE, context.argBytes, hasSession(args))
      .then((answer) => this.deleteResult(answer));
  }

  get(args: KvGetArgs): KvGetRes | Promise<KvGetRes> {
    if (args.key.length === 0) return this.refusedRead(KvStatus.KV_INVALID, EMPTY_KEY);
    if (args.consistency === KvConsistency.KV_SERIALIZABLE) return this.readPair(args);
    return this.parts.reads
      .pass()
      .then((passed) =>
        passed ? new ReadWhenSent(() => this.readPair(args)) : this.refusedRead(KvStatus.KV_UNAVAILABLE),
      );
  }

  range(args: KvRangeArgs): KvRangeRes | Promise<KvRangeRes> {
    if (args.consistency === KvConsistency.KV_SERIALIZABLE) return this.readRange(args);
    return this.parts.reads
      .pass()
      .then((passed) =>
        passed ? new ReadWhenSent(() => this.readRange(args)) : this.refusedRead(KvStatus.KV_UNAVAILABLE),
      );
  }

  status(): KvStatusRes {
    return { header: this.header(), status: serverStatus(this.parts) };
  }

  replicas(args: KvReplicasArgs): Promise<KvReplicasRes> {
    const waitMs = Math.min(args.waitMs, KV_WAIT_MAX_MS);
    if (this.parts.raft.role === "leader") return this.countReplicas(args.revision, waitMs);
    return this.askForReplicas(args.revision, waitMs);
  }

  private async countReplicas(revision: number, waitMs: number): Promise<KvReplicasRes> {
    const { machine, reads, replicas } = this.parts;
    if (revision > machine.revision) {
      // A new leader has not applied yet all that the one before it acknowledged.
      if (!(await reads.pass())) return this.refusedRead(KvStatus.KV_UNAVAILABLE);
      if (revision > machine.revision) return this.refusedRead(KvStatus.KV_FUTURE_REVISION);
    }
    // What is applied holds the revision that was asked for, and is at most a little younger.
    const count = await replicas.count(machine.appliedIndex, waitMs);
    if (count === null) return this.refusedRead(KvStatus.KV_UNAVAILABLE);
    return { header: this.header(), result: { status: KvStatus.KV_OK, ok: count } };
  }

  /** Asks the leader, again and again as long as some server has not got it and there is time. */
  private async askForReplicas(revision: number, waitMs: number): Promise<KvReplicasRes> {
    const { raft, line, clock } = this.parts;
    const deadlineMs = clock.nowMs() + waitMs;
    for (;;) {
      const leftMs = Math.max(0, deadlineMs - clock.nowMs());
      const stepMs = Math.min(Math.ceil(leftMs), FORWARDED_WAIT_MS);
      const args = encodeXdr(kvReplicasArgsCodec, { revision, waitMs: stepMs });
      const bytes = await line
        .forward(raft.leader, KV_REPLICAS.proc, args, stepMs + FORWARD_SLACK_MS)
        .catch(() => null);
      if (bytes === null) return this.refusedRead(KvStatus.KV_UNAVAILABLE);
      const res = decodeXdr(kvReplicasResCodec, bytes);
      const { result } = res;
      const mayGrow = result.status === KvStatus.KV_OK && result.ok.replicas < result.ok.members;
      if (!mayGrow || clock.nowMs() >= deadlineMs) return res;
    }
  }

  private readPair({ key, revision }: KvGetArgs): KvGetRes {
    const { machine } = this.parts;
    if (revision > machine.revision) return this.refusedRead(KvStatus.KV_FUTURE_REVISION);
    const pair = machine.store.get(key, revision);
    if (pair === undefined) return this.refusedRead(KvStatus.KV_NOT_FOUND);
    return { header: this.header(), result: { status: KvStatus.KV_OK, pair } };
  }

  private readRange({ start, end, limit, revision }: KvRangeArgs): KvRangeRes {
    const { machine, limits } = this.parts;
    if (revision > machine.revision) return this.refusedRead(KvStatus.KV_FUTURE_REVISION);
    const pairsLimit = limit === 0 ? KV_RANGE_MAX : Math.min(limit, KV_RANGE_MAX);
    const { pairs, more } = machine.store.range({
      start,
      end,
      limit: pairsLimit,
      limitBytes: limits.rangeBytes,
      revision,
    });
    const ok = { pairs, more, revision: revision === 0 ? machine.revision : revision };
    return { header: this.header(), result: { status: KvStatus.KV_OK, ok } };
  }

  private header(): KvHeader {
    const { membership, raft, machine } = this.parts;
    return {
      cluster: membership.clusterId,
      server: membership.self.server,
      term: raft.term,
      revision: machine.revision,
    };
  }

  private putResult(answer: WriteAnswer): KvPutRes {
    if (answer instanceof Uint8Array) return decodeXdr(kvPutResCodec, answer);
    const { status, revision, prevRevision, keyVersion } = answer;
    if (status !== KvStatus.KV_OK) return this.failedWrite(answer);
    return { header: this.header(), result: { status, ok: { revision, prevRevision, keyVersion } } };
  }

  private deleteResult(answer: WriteAnswer): KvDeleteRes {
    if (answer instanceof Uint8Array) return decodeXdr(kvDeleteResCodec, answer);
    const { status, revision, prevRevision } = answer;
    if (status !== KvStatus.KV_OK) return this.failedWrite(answer);
    return { header: this.header(), result: { status, ok: { revision, prevRevision } } };
  }

  /** The results of all writes are alike where they are not OK. */
  private failedWrite({ status, prevRevision }: WriteOutcome): KvPutRes & KvDeleteRes {
    if (status === KvStatus.KV_CONFLICT)
      return { header: this.header(), result: { status, modRevision: prevRevision } };
    return this.refusedWrite(status as RefusedWrite);
  }

  private refusedWrite(status: RefusedWrite, message: string = statusText(status)): KvPutRes & KvDeleteRes {
    return { header: this.header(), result: { status, message } };
  }

  private refusedRead(
    status: Refused,
    message: string = statusText(status),
  ): KvGetRes & KvRangeRes & KvReplicasRes {
    return { header: this.header(), result: { status, message } };
  }
}

/**
 * The result of a read that may be made now, and is made when the reply is written: a client that asks for much and
 * takes nothing then costs no more memory than its questions.
 */
class ReadWhenSent<Res extends { readonly header: KvHeader; readonly result: unknown }> {
  private readonly read: () => Res;
  private made: Res | undefined;

  constructor(read: () => Res) {
    this.read = read;
  }

  get header(): KvHeader {
    return this.res.header;
  }

  get result(): Res["result"] {
    return this.res.result;
  }

  private get res(): Res {
    this.made ??= this.read();
    return this.made;
  }
}

const EMPTY_KEY = "a key has at least one byte";
/** The leader is asked to wait so long at a time: on a connection where nothing comes for much longer it seems dead. */
const FORWARDED_WAIT_MS = 500;
/** A call handed to the leader takes so much longer than the wait it asks for. */
const FORWARD_SLACK_MS = 1_000;

/** Eight zero bytes are no session. */
function hasSession({ session }: { readonly session: Uint8Array }): boolean {
  return session.some((byte) => byte !== 0);
}
