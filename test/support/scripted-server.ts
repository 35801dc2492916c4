import { type ClientTransport, RpcClient, type RpcClientOptions } from "../../src/oncrpc/index.ts";
import { MemoryPeer } from "./memory-peer.ts";
import { until } from "./until.ts";

/** The server of a client under test, in memory: the test sees each connection as bytes, and answers by hand. */
export class ScriptedServer {
  readonly peers: MemoryPeer[] = [];
  /** What connecting fails with, when it shall fail. */
  refusal: Error | undefined;
  attempts = 0;

  readonly transport: ClientTransport = {
    target: "scripted:1",
    connect: async () => {
      this.attempts += 1;
      if (this.refusal !== undefined) throw this.refusal;
      const peer = new MemoryPeer();
      this.peers.push(peer);
      return peer.far;
    },
  };

  client(options?: RpcClientOptions): RpcClient {
    return new RpcClient(this.transport, options);
  }

  async peer(index: number): Promise<MemoryPeer> {
    await until(() => this.peers.length > index, `connection ${index} was made`);
    return this.peers[index]!;
  }
}
