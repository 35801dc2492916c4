/**
 * A client of a Sundial cluster: a replicated key-value store that speaks Sun RPC.
 *
 * ```ts
 * import { KvClient } from "sundial-kv";
 *
 * const kv = new KvClient({ servers: ["localhost:9001", "localhost:9002", "localhost:9003"] });
 * const { revision } = await kv.put("mykey", "Hello World");
 * const pair = await kv.get("mykey");
 * console.log(pair?.value.toString());
 * await kv.put("mykey", "Hello again", { ifRevision: revision });
 * for await (const { key } of kv.scan({ prefix: "my" })) console.log(key.toString());
 * kv.close();
 * ```
 */
export { RpcAddressError } from "../oncrpc/errors.ts";
export type { TransportFactory } from "./client/endpoint.ts";
export * from "./client/errors.ts";
export type { KvBytes } from "./client/key-value-bytes.ts";
export {
  type KvCallOptions,
  KvClient,
  type KvClientOptions,
  type KvRangeOptions,
  type KvReadOptions,
  type KvReplicasOptions,
  type KvWriteOptions,
} from "./client/kv-client.ts";
export type { KvPair, KvRange, KvServerReport } from "./client/results.ts";
export {
  KV_KEY_MAX,
  KV_RANGE_MAX,
  KV_VALUE_MAX,
  type KvDeleteOk,
  type KvHeader,
  type KvMember,
  type KvPutOk,
  type KvReplicasOk,
  KvRole,
  type KvServerStatus,
  KvStatus,
} from "./gen/kv.ts";
