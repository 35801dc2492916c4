import type { RpcCaller } from "../oncrpc/procedure.ts";

/**
 * The port through which a server reaches the others. Production makes RPC clients over TCP; the simulator carries
 * the calls itself.
 */
export interface Network {
  /** A way to call the server at `address`; connects when it is used, and again after a disconnection. */
  link(address: string, events: LinkEvents): Link;
}

export interface Link extends RpcCaller {
  readonly connected: boolean;
  close(): void;
}

export interface LinkEvents {
  onConnect(): void;
  onDisconnect(): void;
}
