import { DAMAGE_ADVICE } from "./damage-advice.ts";
import type { Identity } from "./identity.ts";
import type { Log } from "./log/log.ts";
import { KvServerError } from "./server-error.ts";
import type { StateMachine } from "./state-machine.ts";

/**
 * Sees to it that the parts of a data directory are all there, and of one age. A server that has lost a part of what
 * it once knew must not go on as if it never had: it could vote twice in a term, or forget what it acknowledged.
 *
 * @throws KvServerError `DAMAGED`
 */
export function requireConsistent(
  { cluster }: Identity,
  log: Pick<Log, "id" | "recovered" | "firstIndex" | "lastIndex" | "termAt">,
  { appliedIndex, appliedTerm, store }: ConsistentMachine,
  dataDir: string,
): void {
  if (cluster !== null && log.recovered.isNew) {
    throw missing(dataDir, "this server belongs to a cluster, but there is no log");
  }
  if (cluster === null && (log.lastIndex > 0 || appliedIndex > 0)) {
    throw missing(dataDir, "there is a log, but identity.json does not say whose");
  }
  const { logId } = store.recovered;
  if (logId !== 0 && logId !== log.id) throw missing(dataDir, "the store was made beside another log");
  const { firstIndex, lastIndex } = log;
  // The log must begin at or before the place where the store ends, and reach it.
  if (appliedIndex < firstIndex - 1 || appliedIndex > lastIndex) {
    throw missing(
      dataDir,
      `the store ends at entry ${appliedIndex}, the log has ${firstIndex} to ${lastIndex}`,
    );
  }
  const term = log.termAt(appliedIndex);
  if (term !== appliedTerm) {
    const problem = `the store ends at entry ${appliedIndex} of term ${appliedTerm}, where the log has one of term ${term}`;
    throw missing(dataDir, problem);
  }
}

type ConsistentMachine = Pick<StateMachine, "appliedIndex" | "appliedTerm"> & {
  readonly store: Pick<StateMachine["store"], "recovered">;
};

function missing(dataDir: string, problem: string): KvServerError {
  return new KvServerError(
    "DAMAGED",
    `${dataDir}: ${problem}; files are missing or from elsewhere: ${DAMAGE_ADVICE}`,
  );
}
