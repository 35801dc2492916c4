import * as assert from "uvu/assert";
import type { KvClient } from "../../src/kv/index.ts";
import { eventually } from "../support/eventually.ts";
import type { RealCluster } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";
import { findBrokenPromises } from "./verdict.ts";
import { Workload } from "./workload.ts";

const CLIENTS = 64;
/** Clients of one program share connections, so there are fewer of those. */
const CONNECTIONS = 8;
/** Between one blow and the next so many writes must be acknowledged. */
const WRITES_BETWEEN = 200;

/** A cluster under load, whose servers are killed and come back. */
export class Ordeal {
  readonly cluster: RealCluster;
  private readonly workload: Workload;
  private kills = 0;

  constructor(cluster: RealCluster) {
    this.cluster = cluster;
    const clients = Array.from({ length: CONNECTIONS }, (_, i) => clientOf(cluster, i));
    this.workload = new Workload(Array.from({ length: CLIENTS }, (_, i) => clients[i % CONNECTIONS]!));
  }

  /** Waits until writes go on. */
  async progress(): Promise<void> {
    const wanted = this.workload.acknowledged + WRITES_BETWEEN;
    await eventually(`${WRITES_BETWEEN} more writes are acknowledged`, () =>
      this.workload.acknowledged >= wanted ? true : undefined,
    );
  }

  /** Ends servers in the same moment, without a warning. */
  async kill(...servers: readonly RealServer[]): Promise<void> {
    this.kills += servers.length;
    await Promise.all(servers.map((server) => server.kill("SIGKILL")));
  }

  /** Starts the servers that do not run, and waits until all are part of the cluster. */
  async revive(): Promise<void> {
    for (const server of this.cluster.servers) if (!server.isRunning) server.start();
    await Promise.all(this.cluster.servers.map((server) => server.line(/elected leader|following server/)));
  }

  /** Stops the load, and holds everything that the clients were told against what all servers say. */
  async judge(): Promise<void> {
    await this.workload.stop();
    const { cluster } = this;
    const pairs = [];
    for await (const { key, value, keyVersion } of cluster.client().scan()) {
      pairs.push({ key: key.toString(), value: value.toString(), keyVersion });
    }
    const servers = (await cluster.settled()).map(({ header, status }) => ({
      server: header.server,
      revision: header.revision,
      storeHash: status.storeHash,
    }));
    const { history } = this.workload;
    assert.equal(findBrokenPromises(history, { pairs, servers }).slice(0, 20), []);
    const uncertain = [...history.puts.values()].filter(({ report }) => report.kind === "uncertain").length;
    console.log(
      `${history.acknowledged} writes acknowledged, ${uncertain} puts uncertain, ${this.kills} kills`,
    );
  }
}

/** Each begins with another server. */
function clientOf(cluster: RealCluster, index: number): KvClient {
  const { addresses } = cluster;
  const first = index % addresses.length;
  return cluster.client({ servers: [...addresses.slice(first), ...addresses.slice(0, first)] });
}
