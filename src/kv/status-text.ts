import { KvStatus } from "./gen/kv.ts";

/** One line for people: what is wrong, and what to do. */
export function statusText(status: KvStatus): string {
  switch (status) {
    case KvStatus.KV_OK:
      return "done";
    case KvStatus.KV_NOT_FOUND:
      return "there is no such key";
    case KvStatus.KV_CONFLICT:
      return "the key has changed: the condition of the write does not hold";
    case KvStatus.KV_INVALID:
      return "the arguments make no sense";
    case KvStatus.KV_TOO_LARGE:
      return "more than this server is set to take";
    case KvStatus.KV_NO_SPACE:
      return "the disk is full; nothing was written, reads go on; make room on the servers' disks";
    case KvStatus.KV_BUSY:
      return "too much is under way; try again a little later";
    case KvStatus.KV_UNAVAILABLE:
      return "no majority of the servers can be reached; nothing was written";
    case KvStatus.KV_UNCERTAIN:
      return "no answer in time: the write may or may not have been applied; ask again with the same session and sequence";
    case KvStatus.KV_SESSION_EXPIRED:
      return "the session is not known any more; draw a new one";
    case KvStatus.KV_SEQUENCE_OLD:
      return "the session has gone on to a higher sequence";
    case KvStatus.KV_FUTURE_REVISION:
      return "the store has not reached that revision";
  }
}
