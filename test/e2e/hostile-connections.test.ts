// test-limit-ms: 240000
/**
 * Connections that mean no good, or mean nothing: whatever they do, the server lives, serves everybody else, and gets
 * its memory back (DESIGN §4).
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_GET } from "../../src/kv/gen/kv.ts";
import { concat, words } from "../support/bytes.ts";
import { eventually } from "../support/eventually.ts";
import { call } from "../support/kv-calls.ts";
import { testThatNeeds } from "../support/needs.ts";
import { openFilesLimit, residentBytes } from "../support/process-memory.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { RealCluster } from "../support/real-cluster.ts";
import { seededRandom } from "../support/seeded-random.ts";

const MIB = 1 << 20;
const MANY = 2_000;
/** The allocator keeps some of what was given back to it. */
const MEMORY_SLACK_BYTES = 64 * MIB;
/** Else one would have to wait until the collector of garbage sees a need to look at everything. */
const COLLECT_ON_SIGNAL = ["--expose-gc", '--import=data:text/javascript,process.on("SIGUSR2",()=>gc())'];

const tooFewFiles =
  openFilesLimit() > 2 * MANY ? undefined : `a process may not have ${2 * MANY} files open (ulimit -n)`;

const cluster = await RealCluster.start({ size: 1, nodeFlags: COLLECT_ON_SIGNAL });
const server = cluster.servers[0]!;
const kv = cluster.client();
await kv.put("big", Buffer.alloc(MIB));
/** Opened first, so that the other tests run while its time passes. */
const halfRecord = await connect();
halfRecord.send(concat(words(0x8000_0000 + 100), new Uint8Array(50)));
const halfHeader = await connect();
halfHeader.send(new Uint8Array([0x80, 0]));

function connect(readAtOnce?: boolean): Promise<RawPeer> {
  return RawPeer.connect({ host: "127.0.0.1", port: server.port }, readAtOnce);
}

async function connectMany(count: number, readAtOnce?: boolean): Promise<RawPeer[]> {
  const peers: RawPeer[] = [];
  for (let i = 0; i < count; i++) peers.push(await connect(readAtOnce));
  return peers;
}

/** What the server holds when all it does is serve well-behaved clients. */
async function memoryAtWork(): Promise<number> {
  for (let i = 0; i < 100; i++) await serves();
  server.signal("SIGUSR2");
  await serves();
  return residentBytes(server.pid);
}

async function memoryComesBackTo(beforeBytes: number): Promise<void> {
  const limitBytes = beforeBytes + MEMORY_SLACK_BYTES;
  await eventually(`memory comes back to about ${beforeBytes / MIB} MiB`, async () => {
    server.signal("SIGUSR2");
    await serves();
    return residentBytes(server.pid) < limitBytes ? true : undefined;
  });
}

async function serves(): Promise<void> {
  assert.is((await kv.get("big"))?.value.length, MIB);
}

const getBig = record(call(KV_GET.proc, words(3), Buffer.from("big\0"), words(0, 0, 0)));

test("garbage on the port does no harm", async () => {
  const random = seededRandom(1);
  for (let round = 0; round < 200; round++) {
    const peer = await connect();
    const garbage = Buffer.from(
      Array.from({ length: Math.floor(random() * 3000) }, () => Math.floor(random() * 256)),
    );
    // Some of it in a record, some in what looks like a call.
    if (round % 3 === 0) peer.send(garbage);
    else if (round % 3 === 1) peer.send(record(garbage));
    else peer.send(record(call(round % 7, garbage)));
    peer.socket.end();
    await peer.untilClosed();
    peer.destroy();
    await serves();
  }
});

testThatNeeds(
  tooFewFiles,
  `${MANY} idle connections, then ${MANY} that stop within a record, come and go`,
  async () => {
    const before = await memoryAtWork();
    const peers = await connectMany(MANY);
    await serves();
    const begun = concat(words(0x8000_0000 + MIB), new Uint8Array(1000));
    for (const peer of peers) peer.send(begun);
    await serves();
    const { status } = await server.status();
    assert.ok(status.memoryBytes < before + 2 * MEMORY_SLACK_BYTES, `${status.memoryBytes} bytes are in use`);
    for (const peer of peers) peer.destroy();
    await memoryComesBackTo(before);
  },
);

test("clients that ask for much and read nothing hold up nobody else, and little memory", async () => {
  const before = await memoryAtWork();
  const peers = await connectMany(20, false);
  const questions = concat(...Array.from({ length: 1000 }, () => getBig));
  for (const peer of peers) peer.send(questions);
  let most = 0;
  for (let i = 0; i < 200; i++) {
    await serves();
    most = Math.max(most, residentBytes(server.pid));
  }
  assert.ok(most < before + 3 * MEMORY_SLACK_BYTES, `${most / MIB} MiB, ${before / MIB} before`);
  for (const peer of peers) peer.destroy();
  await memoryComesBackTo(before);
});

test("a client that takes its replies slowly gets all of them", async () => {
  const peer = await connect(false);
  for (let i = 0; i < 50; i++) peer.send(getBig);
  await serves();
  peer.socket.resume();
  const replies = await peer.receive(50);
  assert.ok(replies.every((reply) => reply.length > MIB));
  peer.destroy();
});

test("connections beyond --max-connections take the place of the ones that are idle longest", async () => {
  const small = await RealCluster.start({ size: 1, flags: ["--max-connections=50"] });
  const peers: RawPeer[] = [];
  try {
    const address = { host: "127.0.0.1", port: small.servers[0]!.port };
    for (let i = 0; i < 120; i++) peers.push(await RawPeer.connect(address));
    await peers[0]!.untilClosed();
    await small.client().put("key", "value");
    assert.is((await small.client().get("key"))?.value.toString(), "value");
    const open = (): number => peers.filter((peer) => !peer.ended && !peer.closed).length;
    await eventually("no more than 50 are left", () => (open() <= 50 ? true : undefined));
  } catch (error) {
    throw small.explained(error);
  } finally {
    for (const peer of peers) peer.destroy();
    await small.stop();
  }
});

test("a record that was begun and not finished ends its connection after a minute", async () => {
  await eventually(
    "the connections are closed",
    () =>
      (halfRecord.ended || halfRecord.closed) && (halfHeader.ended || halfHeader.closed) ? true : undefined,
    100_000,
  );
  await serves();
});

test("after all that it is still the first life of the server, which stops in good order", async () => {
  assert.is(server.stderr.match(/listening/g)?.length, 1);
  kv.close();
  assert.is((await server.kill("SIGTERM")).code, 0);
  await cluster.stop();
});

test.run();
