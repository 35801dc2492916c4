import { KvClient, type KvClientOptions } from "../../src/kv/index.ts";
import { FakeCluster } from "./fake-kv-server.ts";

/** For tests in which servers are silent: they are given up soon. */
export const IMPATIENT: Partial<KvClientOptions> = { tryTimeoutMs: 50 };

/** A fake cluster and a client of all its servers, which does not give up a server that is slow. */
export function clusterWithClient(
  size = 3,
  options: Partial<KvClientOptions> = {},
): { cluster: FakeCluster; kv: KvClient } {
  const cluster = new FakeCluster(size);
  const { addresses: servers, transport } = cluster;
  const kv = new KvClient({ servers, transport, timeoutMs: 30_000, tryTimeoutMs: 30_000, ...options });
  return { cluster, kv };
}
