import { parseAddress, RpcClient, tcpTransport } from "../oncrpc/index.ts";
import type { Network } from "./network.ts";

/** Making a connection on a local network takes far less; over the longest distances about so much. */
const CONNECT_TIMEOUT_MS = 1_000;
/** A call between servers is answered at the latest so long after the time-out of the request it serves. */
const ANSWER_SLACK_MS = 1_000;

/**
 * The other servers, over TCP.
 * @param requestTimeoutMs  how long a server may take to answer a call that a client waits for
 */
export function tcpNetwork(requestTimeoutMs: number): Network {
  return {
    link(address, events) {
      return new RpcClient(tcpTransport(parseAddress(address)), {
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        // What a partition has swallowed TCP sends again for a quarter of an hour; a new connection is quicker.
        silenceTimeoutMs: requestTimeoutMs + ANSWER_SLACK_MS,
        // A server that comes back should hear from its leader at once.
        backoff: { minMs: 20, maxMs: 200 },
        onConnect: () => events.onConnect(),
        onDisconnect: () => events.onDisconnect(),
      });
    },
  };
}
