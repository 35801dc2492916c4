import type { Codec } from "../xdr/index.ts";
import { kvStatusCodec } from "./gen/kv.ts";
import type { Session } from "./sessions.ts";

/** A session as a checkpoint keeps it: seven XDR items, in the order of the fields below. */
export const sessionCodec: Codec<Session> = {
  encode(writer, { sequence, lastUsedMs, lastUsedIndex, outcome }) {
    writer.uhyperNumber(sequence, "session.sequence");
    writer.uhyperNumber(lastUsedMs, "session.last_used_ms");
    writer.uhyperNumber(lastUsedIndex, "session.last_used_index");
    kvStatusCodec.encode(writer, outcome.status);
    writer.uhyperNumber(outcome.revision, "session.revision");
    writer.uhyperNumber(outcome.prevRevision, "session.prev_revision");
    writer.uhyperNumber(outcome.keyVersion, "session.key_version");
  },
  decode(reader) {
    return {
      sequence: reader.uhyperNumber("session.sequence"),
      lastUsedMs: reader.uhyperNumber("session.last_used_ms"),
      lastUsedIndex: reader.uhyperNumber("session.last_used_index"),
      outcome: {
        status: kvStatusCodec.decode(reader),
        revision: reader.uhyperNumber("session.revision"),
        prevRevision: reader.uhyperNumber("session.prev_revision"),
        keyVersion: reader.uhyperNumber("session.key_version"),
      },
    };
  },
};
