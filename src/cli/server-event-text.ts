import { inspect } from "node:util";
import type { ServerEvent } from "../kv/server-events.ts";

/** One line for the operator. */
export function describeEvent(event: Exclude<ServerEvent, { kind: "failed" }>): string {
  switch (event.kind) {
    case "listening":
      return event.advertised === event.address
        ? `listening on ${event.address}`
        : `listening on ${event.address}, for others ${event.advertised}`;
    case "tornTail":
      return `cut off ${event.bytes} bytes at the end of the log, left by a write that was never finished or acknowledged`;
    case "lostTail":
      return `the end of the log is lost, which no crash does: check the disk. The store has the entries up to ${event.index}; the log goes on behind them`;
    case "waiting":
      return `waiting for ${event.addresses.join(" and ")} to form the cluster`;
    case "formed":
      return `cluster formed: ${members(event.cluster.members)}`;
    case "rejoined":
      return `back in the cluster: ${members(event.cluster.members)}`;
    case "peersDiffer":
      return `--peers is not what the data directory says, which counts: ${event.addresses.join(", ") || "no others"}`;
    case "elected":
      return `elected leader in term ${event.term}`;
    case "following":
      return `following server ${event.leader} in term ${event.term}`;
    case "refused":
      return `refused by server ${event.by}: ${event.message}`;
    case "diskFull":
      return event.full ? "the disk is full: writes are refused, reads go on" : "the disk has room again";
    case "callFailed":
      return `internal error in ${event.procedure} for ${event.peer}: ${inspect(event.error)}`;
    case "handingOver":
      return `handing leadership over to server ${event.to}`;
  }
}

function members(list: readonly { readonly server: number; readonly address: string }[]): string {
  return list.map(({ server, address }) => `${server}@${address}`).join(", ");
}
