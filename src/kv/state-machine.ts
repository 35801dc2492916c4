import { type Entry, EntryKind, type LogIndex, type Term } from "../raft/index.ts";
import { type Command, CommandDecoder, PUT } from "./command.ts";
import { type KvCondition, KvStatus, KvWhen } from "./gen/kv.ts";
import type { SessionTable } from "./sessions.ts";
import { toLatin1 } from "./store/latin1.ts";
import type { MvccStore } from "./store/mvcc-store.ts";
import { refusedWrite, type WriteOutcome } from "./write-outcome.ts";

/** Where a state machine stands: what a checkpoint remembers of it besides records and sessions. */
export interface AppliedPosition {
  readonly appliedIndex: LogIndex;
  readonly appliedTerm: Term;
  /** The latest time in the entries that were applied. */
  readonly logTimeMs: number;
}

/**
 * What the replicated log means: entry after entry, a change of the store or none, the same on every server.
 * It depends on nothing but the entries: no clock, no chance, no configuration of this server.
 */
export class StateMachine {
  readonly store: MvccStore;
  readonly sessions: SessionTable;
  private index: LogIndex;
  private term: Term;
  private timeMs: number;
  private readonly decoder = new CommandDecoder();

  constructor(store: MvccStore, sessions: SessionTable, position: AppliedPosition) {
    this.store = store;
    this.sessions = sessions;
    this.index = position.appliedIndex;
    this.term = position.appliedTerm;
    this.timeMs = position.logTimeMs;
  }

  get appliedIndex(): LogIndex {
    return this.index;
  }

  get appliedTerm(): Term {
    return this.term;
  }

  get logTimeMs(): number {
    return this.timeMs;
  }

  get revision(): number {
    return this.store.revision;
  }

  /** Applies the entry that follows the last one. Returns what its write came to; null for an entry without a write. */
  apply(entry: Entry): WriteOutcome | null {
    const command = entry.kind === EntryKind.COMMAND ? this.decoder.decode(entry.data) : null;
    this.index = entry.index;
    this.term = entry.term;
    if (command === null) return null;
    // Each leader continues the time of the one before it, but may have heard less of it.
    this.timeMs = Math.max(this.timeMs, command.logTimeMs);
    return this.execute(command);
  }

  /** Carries a write out, unless its session shows that it was carried out before. */
  private execute(command: Command): WriteOutcome {
    const id = toLatin1(command.args.session);
    if (id === NO_SESSION) return this.write(command);
    const { sequence } = command.args;
    const admission = this.sessions.admit(id, sequence, this.logTimeMs);
    if (admission.kind === "answer") return admission.outcome;
    const outcome = this.write(command);
    this.sessions.record(id, {
      sequence,
      lastUsedMs: this.logTimeMs,
      lastUsedIndex: this.appliedIndex,
      outcome,
    });
    return outcome;
  }

  private write({ proc, args }: Command): WriteOutcome {
    const { store } = this;
    const place = store.locate(args.key);
    const { modRevision } = place;
    if (!holds(args.condition, modRevision)) return refusedWrite(KvStatus.KV_CONFLICT, modRevision);
    if (proc === PUT) {
      const { revision, keyVersion } = store.putAt(place, args.value);
      return { status: KvStatus.KV_OK, revision, prevRevision: modRevision, keyVersion };
    }
    if (modRevision === 0) return refusedWrite(KvStatus.KV_NOT_FOUND);
    const revision = store.deleteAt(place);
    return { status: KvStatus.KV_OK, revision, prevRevision: modRevision, keyVersion: 0 };
  }
}

function holds(condition: KvCondition, modRevision: number): boolean {
  return condition.when === KvWhen.KV_ALWAYS || condition.modRevision === modRevision;
}

const NO_SESSION = "\0".repeat(8);
