/**
 * Each limit of `idl/kv.x` and of the transport, sent as bytes to a real server: arguments that do not decode are
 * answered GARBAGE_ARGS, what the server is set not to take has a status of its own, and who breaks the framing is
 * disconnected (DESIGN §4, §7). After each of it the server serves the next caller.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KV_GET,
  KV_KEY_MAX,
  KV_PUT,
  KV_VALUE_MAX,
  KvConsistency,
  KvStatus,
  kvGetResCodec,
  kvPutResCodec,
} from "../../src/kv/gen/kv.ts";
import { AcceptStat } from "../../src/oncrpc/index.ts";
import { decodeXdr } from "../../src/xdr/index.ts";
import { concat, words } from "../support/bytes.ts";
import { call, XID } from "../support/kv-calls.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { type RealCluster, withCluster } from "../support/real-cluster.ts";

const NO_SESSION = words(0, 0, 0, 0);
const ALWAYS = words(0);
const REPLY_HEADER_BYTES = 24;

/** A variable-length opaque with whatever length it has. */
function opaque(data: Uint8Array): Uint8Array {
  return concat(words(data.length), data, new Uint8Array(-data.length & 3));
}

function putCall(key: Uint8Array, value: Uint8Array): Uint8Array {
  return call(KV_PUT.proc, NO_SESSION, opaque(key), opaque(value), ALWAYS);
}

function getCall(key: Uint8Array): Uint8Array {
  return call(KV_GET.proc, opaque(key), words(0, 0), words(KvConsistency.KV_LINEARIZABLE));
}

function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length).fill(0x61);
}

interface Reply {
  readonly acceptStat: AcceptStat;
  readonly result: Uint8Array;
}

async function exchange(peer: RawPeer, message: Uint8Array): Promise<Reply> {
  const reply = await peer.exchange(message);
  const view = new DataView(reply.buffer, reply.byteOffset, reply.length);
  assert.equal([view.getUint32(0), view.getUint32(4), view.getUint32(8)], [XID, 1, 0]);
  return { acceptStat: view.getUint32(20) as AcceptStat, result: reply.subarray(REPLY_HEADER_BYTES) };
}

async function putStatus(peer: RawPeer, key: Uint8Array, value: Uint8Array): Promise<KvStatus> {
  const { acceptStat, result } = await exchange(peer, putCall(key, value));
  assert.is(acceptStat, AcceptStat.SUCCESS);
  return decodeXdr(kvPutResCodec, result).result.status;
}

async function withPeer(
  flags: readonly string[],
  body: (peer: RawPeer, cluster: RealCluster) => Promise<void>,
): Promise<void> {
  await withCluster({ size: 1, flags }, async (cluster) => {
    const address = { host: "127.0.0.1", port: cluster.servers[0]!.port };
    const peer = await RawPeer.connect(address);
    try {
      await body(peer, cluster);
      // The same server, still in its first life, serves the next caller.
      const next = await RawPeer.connect(address);
      assert.is(await putStatus(next, bytesOf(1), bytesOf(1)), KvStatus.KV_OK);
      next.destroy();
    } finally {
      peer.destroy();
    }
  });
}

test("keys have 1 to 4096 bytes: more is GARBAGE_ARGS, none is KV_INVALID", () =>
  withPeer([], async (peer) => {
    assert.is(await putStatus(peer, bytesOf(KV_KEY_MAX), bytesOf(1)), KvStatus.KV_OK);
    assert.is(await putStatus(peer, bytesOf(0), bytesOf(1)), KvStatus.KV_INVALID);
    for (const message of [putCall(bytesOf(KV_KEY_MAX + 1), bytesOf(1)), getCall(bytesOf(KV_KEY_MAX + 1))]) {
      assert.is((await exchange(peer, message)).acceptStat, AcceptStat.GARBAGE_ARGS);
    }
    assert.is(await putStatus(peer, bytesOf(1), bytesOf(1)), KvStatus.KV_OK);
  }));

test("values have up to 1048576 bytes: more is GARBAGE_ARGS, and what was there stays", () =>
  withPeer([], async (peer) => {
    assert.is(await putStatus(peer, bytesOf(1), bytesOf(KV_VALUE_MAX)), KvStatus.KV_OK);
    const tooLarge = putCall(bytesOf(1), bytesOf(KV_VALUE_MAX + 1));
    assert.is((await exchange(peer, tooLarge)).acceptStat, AcceptStat.GARBAGE_ARGS);
    const { result } = await exchange(peer, getCall(bytesOf(1)));
    const answer = decodeXdr(kvGetResCodec, result).result;
    assert.is(answer.status === KvStatus.KV_OK && answer.pair.value.length, KV_VALUE_MAX);
  }));

test("--max-value-bytes: a larger value is KV_TOO_LARGE, with what it may have in the message", () =>
  withPeer(["--max-value-bytes=1000"], async (peer, cluster) => {
    assert.is(await putStatus(peer, bytesOf(1), bytesOf(1000)), KvStatus.KV_OK);
    assert.is(await putStatus(peer, bytesOf(1), bytesOf(1001)), KvStatus.KV_TOO_LARGE);
    const { code, stderr } = await cluster.kvClient("put", "key", "x".repeat(1001));
    assert.is(code, 4);
    assert.match(stderr, /refused: the value has 1001 bytes; this server takes 1000\n$/);
  }));

test("a key and a value at their limits fit into a record, in a put, a get and a range", () =>
  withPeer([], async (_peer, cluster) => {
    const kv = cluster.client();
    const key = Buffer.alloc(KV_KEY_MAX, "k");
    const value = Buffer.alloc(KV_VALUE_MAX, "v");
    await kv.put(key, value);
    assert.is(Buffer.compare((await kv.get(key))!.value, value), 0);
    const { pairs } = await kv.range({ prefix: "k" });
    assert.is(Buffer.compare(pairs[0]!.value, value), 0);
  }));

test("bytes behind the arguments, and too few of them, are GARBAGE_ARGS", () =>
  withPeer([], async (peer) => {
    const whole = putCall(bytesOf(3), bytesOf(3));
    for (const message of [
      concat(whole, words(0)),
      whole.subarray(0, -4),
      call(KV_PUT.proc),
      call(KV_GET.proc),
    ]) {
      assert.is((await exchange(peer, message)).acceptStat, AcceptStat.GARBAGE_ARGS);
    }
  }));

test("a condition and a consistency that kv.x does not know are GARBAGE_ARGS", () =>
  withPeer([], async (peer) => {
    const put = call(KV_PUT.proc, NO_SESSION, opaque(bytesOf(1)), opaque(bytesOf(1)), words(7));
    const get = call(KV_GET.proc, opaque(bytesOf(1)), words(0, 0), words(7));
    for (const message of [put, get]) {
      assert.is((await exchange(peer, message)).acceptStat, AcceptStat.GARBAGE_ARGS);
    }
  }));

test("a revision and a session sequence beyond 2^53 do not confuse the server", () =>
  withPeer([], async (peer) => {
    const huge = words(0xffff_ffff, 0xffff_ffff);
    const get = call(KV_GET.proc, opaque(bytesOf(1)), huge, words(KvConsistency.KV_LINEARIZABLE));
    const put = call(KV_PUT.proc, words(1, 2), huge, opaque(bytesOf(1)), opaque(bytesOf(1)), ALWAYS);
    for (const message of [get, put]) {
      assert.is((await exchange(peer, message)).acceptStat, AcceptStat.GARBAGE_ARGS);
    }
  }));

test("a record that announces more than 4 MiB is not waited for: the connection is closed", () =>
  withPeer([], async (peer) => {
    peer.send(words(0x8000_0000 + (4 << 20) + 1));
    await peer.untilClosed();
  }));

test("a record that grows beyond 4 MiB by its fragments ends the connection", () =>
  withPeer([], async (peer) => {
    const fragment = concat(words(1 << 20), bytesOf(1 << 20));
    for (let count = 0; count < 5; count++) peer.send(fragment);
    await peer.untilClosed();
  }));

test("an empty fragment that is not the last, and fragments without end, end the connection", () =>
  withPeer([], async (peer, cluster) => {
    peer.send(words(0));
    await peer.untilClosed();
    const other = await RawPeer.connect({ host: "127.0.0.1", port: cluster.servers[0]!.port });
    for (let count = 0; count < 1025; count++) other.send(concat(words(1), bytesOf(1)));
    await other.untilClosed();
    other.destroy();
  }));

test("a record that is no call, and one too short to be anything, do no harm", () =>
  withPeer([], async (peer, cluster) => {
    const reply = words(XID, 1, 0, 0, 0, 0);
    for (const message of [reply, words(XID), new Uint8Array(1), new Uint8Array(0)]) {
      const other = await RawPeer.connect({ host: "127.0.0.1", port: cluster.servers[0]!.port });
      other.send(record(message));
      assert.is(await putStatus(peer, bytesOf(1), bytesOf(1)), KvStatus.KV_OK);
      other.destroy();
    }
  }));

test.run();
