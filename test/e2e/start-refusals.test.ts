/**
 * Servers that cannot start, or cannot form a cluster: each says in one line what is wrong, which server it is about
 * and what to change, and ends with the exit code that docs/operations.md gives.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Outcome } from "../support/child-programs.ts";
import { eventually } from "../support/eventually.ts";
import { type RealCluster, withCluster, withServers } from "../support/real-cluster.ts";
import type { RealServer } from "../support/real-server.ts";

const EXIT = { USAGE: 2, CANNOT_LISTEN: 3, DISAGREEMENT: 4, IN_USE: 5, DISK_FAILED: 7 } as const;

async function endOf(server: RealServer): Promise<Outcome> {
  server.start();
  return await server.ended();
}

/** The last line that a server said, without its name. */
function lastLine({ stderr }: Outcome): string {
  return stderr
    .trimEnd()
    .split("\n")
    .at(-1)!
    .replace(/^(?:server \d+|kv_server): /, "");
}

/** Starts servers of which at least one must end because they disagree; waits for that one. */
async function disagreement(...servers: RealServer[]): Promise<Outcome> {
  for (const server of servers) server.start();
  const first = await Promise.race(servers.map((server) => server.ended()));
  assert.is(first.code, EXIT.DISAGREEMENT, first.stderr);
  for (const server of servers) if (server.isRunning) await server.kill("SIGTERM");
  return first;
}

const alone = { size: 1 };

function dataDirIn(cluster: RealCluster, name: string): string {
  return join(cluster.directory, name);
}

test("exit 3: the port is in use", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    const end = await endOf(cluster.variant(first!, { id: 2, dataDir: dataDirIn(cluster, "other") }));
    assert.is(end.code, EXIT.CANNOT_LISTEN);
    assert.is(
      lastLine(end),
      `cannot listen on 127.0.0.1:${first!.port}: address already in use (EADDRINUSE); choose another --port or --host`,
    );
    await cluster.settled();
  }));

test("exit 3: the host is not one of this machine", () =>
  withServers(alone, async (cluster) => {
    const [server] = cluster.servers;
    const end = await endOf(cluster.variant(server!, { flags: ["--host=192.0.2.1", "--insecure"] }));
    assert.is(end.code, EXIT.CANNOT_LISTEN);
    assert.is(
      lastLine(end),
      `cannot listen on 192.0.2.1:${server!.port}: no such address on this machine (EADDRNOTAVAIL); choose another --port or --host`,
    );
  }));

test("exit 5: a second server on the data directory of a server that runs, whatever its id and port", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    for (const changes of [{}, { id: 2 }, { port: first!.port - 1 }]) {
      const end = await endOf(cluster.variant(first!, changes));
      assert.is(end.code, EXIT.IN_USE);
      assert.is(
        lastLine(end),
        `${first!.dataDir} is in use by the server with process id ${first!.pid}; stop that one, or give this one a --data-dir of its own`,
      );
    }
    await cluster.settled();
  }));

test("of many servers started on one data directory at once, one runs", () =>
  withServers(alone, async (cluster) => {
    const [first] = cluster.servers;
    const many = Array.from({ length: 5 }, () => cluster.variant(first!, {}));
    for (const server of many) server.start();
    const ends: Outcome[] = [];
    for (const server of many) void server.ended().then((end) => ends.push(end));
    await eventually("all but one have ended", () => (ends.length === many.length - 1 ? true : undefined));
    assert.equal(
      ends.map((end) => end.code),
      [EXIT.IN_USE, EXIT.IN_USE, EXIT.IN_USE, EXIT.IN_USE],
    );
    const last = many.find((server) => server.isRunning)!;
    await last.line(/elected leader/);
  }));

test("a data directory is free again when its server was killed with -9", () =>
  withCluster(alone, async (cluster) => {
    const [server] = cluster.servers;
    await server!.kill("SIGKILL");
    server!.start();
    await server!.line(/back in the cluster/);
  }));

test("exit 4: a server that was first started without --peers cannot be one of three", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    await first!.kill("SIGTERM");
    const end = await endOf(cluster.variant(first!, { flags: ["--peers=localhost:19999,localhost:19998"] }));
    assert.is(end.code, EXIT.DISAGREEMENT);
    assert.is(
      lastLine(end),
      `${first!.dataDir} belongs to a cluster of this server alone, since it was first started without --peers; to be one with localhost:19999 and localhost:19998 it needs another --data-dir, and to go on alone no --peers`,
    );
  }));

test("exit 2: the data directory belongs to another server id", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    await first!.kill("SIGTERM");
    const end = await endOf(cluster.variant(first!, { id: 2 }));
    assert.is(end.code, EXIT.USAGE);
    assert.is(
      lastLine(end),
      `${first!.dataDir} belongs to server 1; start it with --id=1 or give --id=2 a --data-dir of its own`,
    );
  }));

test("exit 4: the others know a server by another address than it has now", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    await first!.kill("SIGTERM");
    const end = await endOf(cluster.variant(first!, { port: first!.port - 1 }));
    assert.is(end.code, EXIT.DISAGREEMENT);
    assert.is(
      lastLine(end),
      `${first!.dataDir}: the cluster knows this server as ${first!.address}, not localhost:${first!.port - 1}; start it with that --host and --port, or with --advertise=${first!.address}`,
    );
  }));

test("exit 7: a data directory that may not be read or written", () =>
  withCluster(alone, async (cluster) => {
    const [first] = cluster.servers;
    await first!.kill("SIGTERM");
    chmodSync(first!.dataDir, 0);
    // For root there are no permissions, unless it gives up that privilege.
    const drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
    const isRoot = process.getuid!() === 0;
    const end = await endOf(cluster.variant(first!, isRoot ? { wrapper: drop } : {}));
    chmodSync(first!.dataDir, 0o700);
    assert.is(end.code, EXIT.DISK_FAILED, end.stderr);
    assert.is(
      lastLine(end),
      `${first!.dataDir}: no permission; let the user of this process read and write there (EACCES)`,
    );
    first!.start();
    await first!.line(/elected leader/);
  }));

test("exit 7: a data directory in which something else lies than a server's data", () =>
  withServers(alone, async (cluster) => {
    const [server] = cluster.servers;
    const { dataDir } = server!;
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, "log"), "");
    const end = await endOf(server!);
    assert.is(end.code, EXIT.DISK_FAILED, end.stderr);
    assert.is(
      lastLine(end),
      `${join(dataDir, "log")}: something else lies there than what this server keeps there (EEXIST)`,
    );

    rmSync(join(dataDir, "log"));
    mkdirSync(join(dataDir, "store.mdb"));
    const directory = await endOf(server!);
    assert.is(directory.code, EXIT.DISK_FAILED, directory.stderr);
    assert.is(
      lastLine(directory),
      `${join(dataDir, "store.mdb")}: a directory lies where a file should be (EISDIR)`,
    );
  }));

test("exit 4: two servers with one id", () =>
  withServers({ size: 2 }, async (cluster) => {
    const [one, two] = cluster.servers;
    const end = await disagreement(one!, cluster.variant(two!, { id: 1 }));
    assert.match(
      lastLine(end),
      /^the server at localhost:\d+ was started with --id=1 too; give each server an id of its own$/,
    );
  }));

test("exit 4: two other servers with one id", () =>
  withServers({}, async (cluster) => {
    const [one, two, three] = cluster.servers;
    const end = await disagreement(one!, two!, cluster.variant(three!, { id: 2 }));
    assert.match(
      lastLine(end),
      /^the servers at localhost:\d+ and localhost:\d+ were both started with --id=2; give each an id of its own$|^the server at localhost:\d+ was started with --id=2 too; give each server an id of its own$/,
    );
  }));

test("exit 4: a server that was told of other members than another", () =>
  withServers({}, async (cluster) => {
    const [one, two, three] = cluster.servers;
    const end = await disagreement(one!, cluster.variant(two!, { flags: [`--peers=${one!.address}`] }));
    const both = [one!, two!].map((server) => server.address).sort();
    const all = [one!, two!, three!].map((server) => server.address).sort();
    const [mine, id, at, theirs] = lastLine(end).startsWith(
      `this server was told of the members ${all.join(", ")},`,
    )
      ? [all, 2, two!.address, both]
      : [both, 1, one!.address, all];
    assert.is(
      lastLine(end),
      `this server was told of the members ${mine.join(", ")}, server ${id} at ${at} of ${theirs.join(", ")}; give all servers the same ones`,
    );
  }));

test("exit 4: a peer that was not told of this server", () =>
  withServers({}, async (cluster) => {
    const [one, two, three] = cluster.servers;
    const end = await disagreement(one!, cluster.variant(two!, { flags: [`--peers=${three!.address}`] }));
    assert.is(
      lastLine(end),
      `server 2 at ${two!.address} was started with --peers=${three!.address}, which does not name this server, ${one!.address}; change its --peers, or start this one with the --advertise address that it names`,
    );
  }));

test("exit 4: a peer that calls itself by another address", () =>
  withServers({ size: 2 }, async (cluster) => {
    const [one, two] = cluster.servers;
    const named = `127.0.0.1:${two!.port}`;
    const end = await disagreement(cluster.variant(one!, { flags: [`--peers=${named}`] }), two!);
    const problems = [
      `the server that --peers calls ${named} calls itself ${two!.address}; start it with --advertise=${named}, or name it ${two!.address} in --peers`,
      // Where the other one is the first to see it.
      `server 1 at ${one!.address} was started with --peers=${named}, which does not name this server, ${two!.address}; change its --peers, or start this one with the --advertise address that it names`,
    ];
    assert.ok(problems.includes(lastLine(end)), end.stderr);
  }));

test("exit 4: the server itself among its peers, under another name", () =>
  withServers(alone, async (cluster) => {
    const [one] = cluster.servers;
    const end = await endOf(cluster.variant(one!, { flags: [`--peers=127.0.0.1:${one!.port}`] }));
    assert.is(end.code, EXIT.DISAGREEMENT);
    assert.is(lastLine(end), `--peers names this server itself (127.0.0.1:${one!.port}); leave it out`);
  }));

test("exit 4: a server whose data directory is lost does not come back under its id", () =>
  withCluster({}, async (cluster) => {
    await cluster.client().put("key", "value");
    const lost = await cluster.follower();
    await lost.kill("SIGKILL");
    rmSync(lost.dataDir, { recursive: true });
    const end = await endOf(lost);
    assert.is(end.code, EXIT.DISAGREEMENT);
    assert.is(
      lastLine(end),
      `the cluster knows server ${lost.id} with another data directory; if that one is lost, this server must not take its place under the same id: restore the directory from a copy made after it last ran, or leave it off`,
    );
    await cluster.settled();
  }));

test("exit 4: a stranger that wants to join a cluster that is formed", () =>
  withCluster({}, async (cluster) => {
    const [one, two, three] = cluster.servers;
    const peers = [one!, two!, three!].map((server) => server.address);
    const stranger = cluster.variant(one!, {
      id: 4,
      port: one!.port - 1,
      dataDir: dataDirIn(cluster, "stranger"),
      flags: [`--peers=${peers.join()}`],
    });
    const end = await endOf(stranger);
    assert.is(end.code, EXIT.DISAGREEMENT);
    const members = [...peers].sort().join(", ");
    const all = [...peers, stranger.address].sort().join(", ");
    assert.match(
      lastLine(end),
      new RegExp(`^this server was told of the members ${all}, server \\d at localhost:\\d+ of ${members};`),
    );
    await cluster.settled();
  }));

test("--peers that are not what the data directory says are pointed out, and do not count", () =>
  withCluster({}, async (cluster) => {
    const follower = await cluster.follower();
    await follower.kill("SIGTERM");
    const changed = cluster.variant(follower, { flags: ["--peers=localhost:1"] });
    changed.start();
    const others = cluster.others(follower).map((server) => server.address);
    const line = await changed.line(/--peers/);
    assert.is(
      line,
      `server ${follower.id}: --peers is not what the data directory says, which counts: ${others.join(", ")}`,
    );
    await changed.line(/following server/);
  }));

test("servers that are given ids with --peers form their cluster without asking", () =>
  withServers({}, async (cluster) => {
    const members = cluster.servers.map((server) => `${server.id}@${server.address}`);
    const named = cluster.servers.map((server, i) =>
      cluster.variant(server, { flags: [`--peers=${members.filter((_, j) => j !== i).join()}`] }),
    );
    // A majority is enough.
    for (const server of named.slice(0, 2)) server.start();
    await Promise.all(named.slice(0, 2).map((server) => server.line(/elected leader|following server/)));
    named[2]!.start();
    await named[2]!.line(/following server/);
  }));

test.run();
