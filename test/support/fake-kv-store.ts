import {
  type KvDeleteResult,
  type KvPair,
  type KvPutResult,
  KvStatus,
  type KvV1Handlers,
  KvWhen,
} from "../../src/kv/gen/kv.ts";

type Put = Parameters<KvV1Handlers["put"]>[0];
type Delete = Parameters<KvV1Handlers["delete"]>[0];
type WriteResult = KvPutResult | KvDeleteResult;

/** One change of one key; `pair` is what it became, undefined: it was removed. */
interface Change {
  readonly revision: number;
  readonly key: string;
  readonly pair: KvPair | undefined;
}

interface Session {
  readonly sequence: number;
  readonly result: WriteResult;
}

/** What all servers of a fake cluster share: the data with their history, and the sessions of `idl/kv.x`. */
export class FakeKvStore {
  /** Writes that were applied, in their order: the revision is its length. */
  private readonly changes: Change[] = [];
  private readonly current = new Map<string, KvPair>();
  private readonly sessions = new Map<string, Session>();

  get revision(): number {
    return this.changes.length;
  }

  get sessionCount(): number {
    return this.sessions.size;
  }

  /** As the servers do when a session has not been used for long. */
  forgetSessions(): void {
    this.sessions.clear();
  }

  put(args: Put): KvPutResult {
    return this.once(args, () => {
      const before = this.get(args.key);
      const conflict = conflictWith(args, before);
      if (conflict !== undefined) return conflict;
      const revision = this.revision + 1;
      const pair = {
        key: Uint8Array.from(args.key),
        value: Uint8Array.from(args.value),
        createRevision: before?.createRevision ?? revision,
        modRevision: revision,
        keyVersion: (before?.keyVersion ?? 0) + 1,
      };
      this.change({ revision, key: idOf(args.key), pair });
      const ok = { revision, prevRevision: before?.modRevision ?? 0, keyVersion: pair.keyVersion };
      return { status: KvStatus.KV_OK, ok };
    }) as KvPutResult;
  }

  delete(args: Delete): KvDeleteResult {
    return this.once(args, () => {
      const before = this.get(args.key);
      const conflict = conflictWith(args, before);
      if (conflict !== undefined) return conflict;
      if (before === undefined) return { status: KvStatus.KV_NOT_FOUND, message: "there is no such key" };
      const revision = this.revision + 1;
      this.change({ revision, key: idOf(args.key), pair: undefined });
      return { status: KvStatus.KV_OK, ok: { revision, prevRevision: before.modRevision } };
    }) as KvDeleteResult;
  }

  /** @param revision  0: as of now */
  get(key: Uint8Array, revision = 0): KvPair | undefined {
    return this.at(revision).get(idOf(key));
  }

  /** The pairs from `start` up to `end`, in the order of their bytes. */
  range(start: Uint8Array, end: Uint8Array, revision = 0): KvPair[] {
    return [...this.at(revision).values()]
      .filter(({ key }) => Buffer.compare(key, start) >= 0)
      .filter(({ key }) => end.length === 0 || Buffer.compare(key, end) < 0)
      .sort((a, b) => Buffer.compare(a.key, b.key));
  }

  private change(change: Change): void {
    this.changes.push(change);
    applyTo(this.current, change);
  }

  private at(revision: number): Map<string, KvPair> {
    if (revision === 0) return this.current;
    const pairs = new Map<string, KvPair>();
    for (const change of this.changes.slice(0, revision)) applyTo(pairs, change);
    return pairs;
  }

  private once({ session, sequence }: Put | Delete, apply: () => WriteResult): WriteResult {
    const id = idOf(session);
    if (/^\0*$/.test(id)) return apply();
    const known = this.sessions.get(id);
    if (known === undefined && sequence !== 1) {
      return { status: KvStatus.KV_SESSION_EXPIRED, message: "the session is not known any more" };
    }
    if (known !== undefined && sequence < known.sequence) {
      return { status: KvStatus.KV_SEQUENCE_OLD, message: "the session has gone on" };
    }
    if (known !== undefined && sequence === known.sequence) return known.result;
    const result = apply();
    this.sessions.set(id, { sequence, result });
    return result;
  }
}

function applyTo(pairs: Map<string, KvPair>, { key, pair }: Change): void {
  if (pair === undefined) pairs.delete(key);
  else pairs.set(key, pair);
}

function conflictWith(
  { condition }: Put | Delete,
  before: KvPair | undefined,
): { status: typeof KvStatus.KV_CONFLICT; modRevision: number } | undefined {
  const modRevision = before?.modRevision ?? 0;
  if (condition.when === KvWhen.KV_ALWAYS || condition.modRevision === modRevision) return undefined;
  return { status: KvStatus.KV_CONFLICT, modRevision };
}

function idOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
