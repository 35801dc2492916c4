import { CommandDecoder } from "../../src/kv/command.ts";
import { KvStatus } from "../../src/kv/gen/kv.ts";
import type { StateMachine } from "../../src/kv/state-machine.ts";
import type { WriteOutcome } from "../../src/kv/write-outcome.ts";
import { type Entry, EntryKind } from "../../src/raft/index.ts";

/**
 * Sees every entry that any server applies, and what it makes of it: the invariants of a replicated state machine,
 * checked at each step of a simulation.
 *
 *  - the same entry, and the same state after it, at each index on every server and in every life of it (§5.4.3)
 *  - entries are applied in order, without gaps
 *  - a write that changes the store gives it the next revision, any other entry none
 *  - no write of a session is carried out twice (dissertation §6.3)
 */
export class SimulatedWitness {
  readonly violations: string[] = [];
  /** What came of each entry, from whoever applied it first. */
  private readonly outcomes = new Map<number, string>();
  private readonly carriedOut = new Set<string>();

  get appliedIndex(): number {
    return this.outcomes.size;
  }

  /** Watches what is applied to `machine` from now on. */
  watch(server: number, machine: StateMachine): void {
    const apply = machine.apply.bind(machine);
    const decoder = new CommandDecoder();
    machine.apply = (entry) => {
      const { appliedIndex, revision } = machine;
      const outcome = apply(entry);
      if (entry.index !== appliedIndex + 1)
        this.violations.push(`server ${server} applied entry ${entry.index} after ${appliedIndex}`);
      this.compare(server, machine, entry, outcome, decoder);
      this.checkRevision(server, entry, revision, machine.revision, outcome);
      return outcome;
    };
  }

  /** @throws Error with all that was seen */
  requireHarmony(): void {
    if (this.violations.length > 0) throw new Error(this.violations.slice(0, 10).join("\n"));
  }

  private compare(
    server: number,
    machine: StateMachine,
    entry: Entry,
    outcome: WriteOutcome | null,
    decoder: CommandDecoder,
  ): void {
    const session = entry.kind === EntryKind.COMMAND ? decoder.decode(entry.data).args.session : null;
    const id = session === null ? "" : Buffer.from(session).toString("latin1");
    const state = JSON.stringify({
      term: entry.term,
      kind: entry.kind,
      data: Buffer.from(entry.data).toString("latin1"),
      outcome,
      revision: machine.revision,
      hash: machine.store.hash,
      keys: machine.store.keyCount,
      logTimeMs: machine.logTimeMs,
      sessions: machine.sessions.size,
      session: machine.sessions.get(id) ?? null,
    });
    const known = this.outcomes.get(entry.index);
    if (known === undefined) {
      this.outcomes.set(entry.index, state);
      if (session !== null && outcome !== null) this.noteWrite(entry, decoder, outcome);
    } else if (known !== state) {
      this.violations.push(`entry ${entry.index} on server ${server}: ${state}, elsewhere ${known}`);
    }
  }

  private noteWrite(entry: Entry, decoder: CommandDecoder, outcome: WriteOutcome): void {
    const { session, sequence } = decoder.decode(entry.data).args;
    if (session.every((byte) => byte === 0) || outcome.status !== KvStatus.KV_OK) return;
    // A retry is answered with the first one's result, and so with the same revision.
    const write = `session ${Buffer.from(session).toString("hex")}, sequence ${sequence}`;
    const result = `${write}: revision ${outcome.revision}`;
    if (this.carriedOut.has(write) && !this.carriedOut.has(result))
      this.violations.push(`carried out twice: ${result} at entry ${entry.index}`);
    this.carriedOut.add(write);
    this.carriedOut.add(result);
  }

  private checkRevision(
    server: number,
    { index }: Entry,
    before: number,
    after: number,
    outcome: WriteOutcome | null,
  ): void {
    const isWrite = outcome?.status === KvStatus.KV_OK;
    const isRight = after === before || (after === before + 1 && isWrite && outcome.revision === after);
    if (!isRight)
      this.violations.push(`server ${server} went from revision ${before} to ${after} at entry ${index}`);
  }
}
