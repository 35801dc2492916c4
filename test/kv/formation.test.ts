/** The first start: servers that find each other, in whatever order they come (DESIGN §5). */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Formation } from "../../src/kv/formation.ts";
import type { RaftHelloRes, RaftMember } from "../../src/kv/gen/raft.ts";
import type { ClusterIdentity } from "../../src/kv/identity.ts";
import { KvServerError } from "../../src/kv/server-error.ts";
import { ProcessClock, SimulatedClock } from "../support/simulated-clock.ts";

const RETRY_MS = 100;
const WITHIN_MS = 10_000;

/** Servers at a:1, b:2, …, that can be asked once they are started. */
class Bench {
  readonly clock = new SimulatedClock();
  readonly waitings: string[] = [];
  private readonly answers = new Map<string, () => RaftHelloRes>();

  start(server: number, address: string, peerAddresses: readonly string[]): Promise<ClusterIdentity | null> {
    const self: RaftMember = { server, incarnation: 100 + server, address };
    const formation = new Formation(
      { self, peerAddresses },
      {
        clock: new ProcessClock(this.clock, 0),
        retryMs: RETRY_MS,
        ask: (to) => this.ask(to),
        onWaiting: (addresses) => this.waitings.push(`${address} for ${addresses.join()}`),
      },
    );
    this.answers.set(address, () => formation.hello());
    this.formations.set(address, formation);
    return formation.run();
  }

  readonly formations = new Map<string, Formation>();

  answer(address: string, answer: () => RaftHelloRes): void {
    this.answers.set(address, answer);
  }

  fail(address: string): void {
    this.answers.delete(address);
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.clock.complete(promise, WITHIN_MS, "the cluster is formed");
  }

  private async ask(address: string): Promise<RaftHelloRes> {
    await new Promise<void>((resolve) => {
      this.clock.after(1, resolve);
    });
    const answer = this.answers.get(address);
    if (answer === undefined) throw new Error(`nobody is at ${address}`);
    return answer();
  }
}

test("three servers that start one after the other come to the same cluster", async () => {
  const bench = new Bench();
  const one = bench.start(1, "a:1", ["b:2", "c:3"]);
  await bench.clock.advance(350);
  const two = bench.start(2, "b:2", ["a:1", "c:3"]);
  await bench.clock.advance(350);
  const three = bench.start(3, "c:3", ["b:2", "a:1"]);
  const clusters = [await bench.complete(one), await bench.complete(two), await bench.complete(three)];
  assert.equal(
    clusters[0]!.members.map(({ server }) => server),
    [1, 2, 3],
  );
  assert.equal(clusters[1], clusters[0]);
  assert.equal(clusters[2], clusters[0]);
});

test("the operator is told for whom a server waits, once for each change", async () => {
  const bench = new Bench();
  void bench.start(1, "a:1", ["b:2", "c:3"]);
  await bench.clock.advance(1_000);
  const two = bench.start(2, "b:2", ["a:1", "c:3"]);
  await bench.clock.advance(1_000);
  assert.equal(
    bench.waitings.filter((waiting) => waiting.startsWith("a:1")),
    ["a:1 for b:2,c:3", "a:1 for c:3"],
  );
  void bench.start(3, "c:3", ["a:1", "b:2"]);
  await bench.complete(two);
});

test("a server without peers forms its cluster at once, and waits for nobody", async () => {
  const bench = new Bench();
  const cluster = await bench.complete(bench.start(7, "a:1", []));
  assert.equal(
    cluster?.members.map(({ server }) => server),
    [7],
  );
  assert.equal(bench.waitings, []);
});

test("a server that comes late, when the others have formed the cluster, adopts it from any of them", async () => {
  const bench = new Bench();
  const members = [1, 2, 3].map((server) => ({
    server,
    incarnation: 100 + server,
    address: `${"abc"[server - 1]}:${server}`,
  }));
  bench.answer("b:2", () => ({ self: members[1]!, cluster: 55, members, called: "a:1" }));
  const cluster = await bench.complete(bench.start(1, "a:1", ["b:2", "c:3"]));
  assert.equal(cluster, { id: 55, members });
});

test("a peer that answered before, and was started again with other flags, is taken at its latest word", async () => {
  const bench = new Bench();
  const one = bench.start(1, "a:1", ["b:2", "c:3"]);
  void bench.start(2, "b:2", ["a:1", "c:3"]);
  await bench.clock.advance(300);
  bench.fail("b:2");
  await bench.clock.advance(300);
  assert.ok(bench.waitings.includes("a:1 for b:2,c:3"));
  void bench.start(4, "b:2", ["a:1", "c:3"]);
  void bench.start(3, "c:3", ["a:1", "b:2"]);
  const cluster = await bench.complete(one);
  assert.equal(
    cluster?.members.map(({ server }) => server),
    [1, 3, 4],
  );
});

test("a disagreement ends it with an error", async () => {
  const bench = new Bench();
  void bench.start(1, "b:2", ["a:1"]).catch(() => {});
  let thrown: unknown;
  await bench.complete(bench.start(1, "a:1", ["b:2"])).catch((error: unknown) => {
    thrown = error;
  });
  assert.instance(thrown, KvServerError);
  assert.is((thrown as KvServerError).code, "DISAGREEMENT");
});

test("a stop ends it without a cluster", async () => {
  const bench = new Bench();
  const one = bench.start(1, "a:1", ["b:2"]);
  await bench.clock.advance(250);
  bench.formations.get("a:1")!.stop();
  assert.is(await bench.complete(one), null);
});

test.run();
