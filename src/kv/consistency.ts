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
  log: Pick<Log, "recovered" | "firstIndex" | "lastIndex">,
  { appliedIndex }: Pick<StateMachine, "appliedIndex">,
  dataDir: string,
): void {
  if (cluster !== null && log.recovered.isNew) {
    throw missing(dataDir, "this server belongs to a cluster, but there is no log");
  }
  if (cluster === null && (log.lastIndex > 0 || appliedIndex > 0)) {
    throw missing(dataDir, "there is a log, but identity.json does not say whose");
  }
  // The log must begin at or before the place where the store ends, and reach it.
  if (appliedIndex >= log.firstIndex - 1 && appliedIndex <= log.lastIndex) return;
  const { firstIndex, lastIndex } = log;
  throw missing(
    dataDir,
    `the store ends at entry ${appliedIndex}, the log has ${firstIndex} to ${lastIndex}`,
  );
}

function missing(dataDir: string, problem: string): KvServerError {
  return new KvServerError(
    "DAMAGED",
    `${dataDir}: ${problem}; files are missing: restore the whole directory from a backup, or move it away and replace this server`,
  );
}
