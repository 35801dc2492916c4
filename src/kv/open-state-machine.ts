import { decodeXdr } from "../xdr/index.ts";
import { sessionCodec } from "./session-codec.ts";
import { SessionTable } from "./sessions.ts";
import { StateMachine } from "./state-machine.ts";
import { MvccStore } from "./store/mvcc-store.ts";
import type { RecordStore } from "./store/record-store.ts";

/**
 * The state machine as its last checkpoint left it.
 * @throws StoreDamagedError
 */
export function openStateMachine(records: RecordStore): StateMachine {
  const store = MvccStore.open(records);
  const sessions = new SessionTable();
  sessions.restore(
    store.recoveredSessions.map(({ id, state }) => [
      Buffer.from(id).toString("latin1"),
      decodeXdr(sessionCodec, state),
    ]),
  );
  return new StateMachine(store, sessions, store.recovered);
}
