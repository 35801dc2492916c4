import { type AddressInfo, createServer, type Server } from "node:net";
import { formatAddress, type HostPort } from "./address.ts";
import type { ByteStream } from "./byte-stream.ts";
import { RpcTransportError } from "./errors.ts";
import { describeSystemError } from "./system-error.ts";
import { TcpStream } from "./tcp-stream.ts";

/** A TCP socket that accepts connections. */
export interface Listener {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly address: HostPort;
  /** Accepts no more. Connections that were accepted stay. */
  close(): void;
}

/**
 * Listens, and hands each connection to `accept`.
 * @throws RpcTransportError `LISTEN_FAILED`
 */
export function listenTcp(address: HostPort, accept: (stream: ByteStream) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    // Half-open, since a client may shut down its side right after its last call and still wait for the reply.
    const server = createServer({ allowHalfOpen: true }, (socket) => accept(new TcpStream(socket)));
    server.on("error", (error) => {
      const message = `cannot listen on ${formatAddress(address.host, address.port)}: ${describeSystemError(error)}`;
      reject(new RpcTransportError("LISTEN_FAILED", message, false, error));
    });
    server.listen({ host: address.host, port: address.port }, () => {
      resolve({ address: addressOf(server), close: () => server.close() });
    });
  });
}

function addressOf(server: Server): HostPort {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
}
