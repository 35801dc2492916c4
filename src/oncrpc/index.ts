/**
 * ONC RPC version 2 (RFC 5531): a client and a server for programs that `rpcgen-ts` has made TypeScript of.
 *
 * ```ts
 * const server = new RpcServer({ services: [kvV1Service(handlers)] });
 * const { host, port } = await server.listen({ port: 9001 });
 *
 * const rpc = new RpcClient(tcpTransport({ host, port }));
 * const kv = new KvV1Client(rpc);
 * ```
 */
export { formatAddress, type HostPort, parseAddress } from "./address.ts";
export type { BackoffOptions } from "./backoff.ts";
export type { ByteStream, ByteStreamReceiver, ClientTransport } from "./byte-stream.ts";
export { RpcClient, type RpcClientOptions, type RpcClientStats } from "./client.ts";
export type { ClientState } from "./client-link.ts";
export type { FailedCall } from "./dispatcher.ts";
export * from "./errors.ts";
export { AcceptStat, AuthStat, RejectStat } from "./gen/rpc.ts";
export { type MemoryStreamOptions, memoryStreamPair, memoryTransport } from "./memory-stream.ts";
export type {
  CallContext,
  CallOptions,
  Credential,
  Handler,
  Procedure,
  RpcCaller,
  RpcService,
  ServiceProcedure,
} from "./procedure.ts";
export { RecordReader, type RecordReaderOptions } from "./record-reader.ts";
export { RpcServer, type RpcServerOptions, type RpcServerStats } from "./server.ts";
export { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./server-limits.ts";
export { tcpTransport } from "./tcp-stream.ts";
