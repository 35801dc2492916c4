import { parseAddress, RpcClient, tcpTransport } from "../oncrpc/index.ts";
import type { Network } from "./network.ts";

/** AppendEntries with the largest entries, and room for what surrounds them. */
export const PEER_RECORD_LIMIT_BYTES: number = 8 << 20;

/** The other servers, over TCP. */
export const tcpNetwork: Network = {
  link(address, events) {
    return new RpcClient(tcpTransport(parseAddress(address)), {
      recordLimitBytes: PEER_RECORD_LIMIT_BYTES,
      connectTimeoutMs: 1_000,
      // A server that comes back should hear from its leader at once.
      backoff: { minMs: 20, maxMs: 200 },
      onConnect: () => events.onConnect(),
      onDisconnect: () => events.onDisconnect(),
    });
  },
};
