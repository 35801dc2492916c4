import { test } from "uvu";
import * as assert from "uvu/assert";
import { memoryTransport, RpcClient, RpcServer, tcpTransport } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex } from "../support/bytes.ts";
import { echoReply, xidOf } from "../support/echo-messages.ts";
import { ECHO, echoService, NULL } from "../support/echo-service.ts";
import { record } from "../support/raw-peer.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { until } from "../support/until.ts";

const A = bytes("61");

test("a call is, byte for byte, the message of RFC 5531 §9 in a record of RFC 5531 §11", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const call = client.call(ECHO, bytes("616263"));
  const peer = await server.peer(0);
  const [message] = await peer.receive(1);
  assert.is(
    hex(message!.slice(4)),
    hex(
      bytes(
        "00000000 00000002 20000e40 00000003 00000001 00000000 00000000 00000000 00000000 00000003 61626300",
      ),
    ),
  );
  assert.equal(peer.writes, [4 + message!.length]);
  peer.send(record(echoReply(xidOf(message!), A)));
  assert.is(hex(await call), "61");
  client.close();
});

test("RFC 5531 appendix A: the `credential` option makes every call carry AUTH_SYS", async () => {
  const server = new ScriptedServer();
  const credential = {
    flavor: "sys",
    stamp: 7,
    machineName: "loc",
    uid: 1000,
    gid: 100,
    gids: [27],
  } as const;
  const client = server.client({ credential });
  const call = client.call(NULL, undefined);
  const peer = await server.peer(0);
  const [message] = await peer.receive(1);
  assert.is(
    hex(message!.slice(24)),
    hex(
      bytes(
        "00000001 0000001c 00000007 00000003 6c6f6300 000003e8 00000064 00000001 0000001b 00000000 00000000",
      ),
    ),
  );
  peer.send(record(concat(message!.slice(0, 4), bytes("00000001 00000000 00000000 00000000 00000000"))));
  assert.is(await call, undefined);
  client.close();
});

test("a credential beyond the limits of RFC 5531 appendix A is refused when the client is made", () => {
  const server = new ScriptedServer();
  const gids = Array.from({ length: 17 }, (_, gid) => gid);
  assert.throws(
    () => server.client({ credential: { flavor: "sys", stamp: 0, machineName: "", uid: 0, gid: 0, gids } }),
    (error: { code: string }) => error.code === "XDR_TOO_LONG",
  );
});

test("calls of one turn share one write, in the order in which they were made", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  await client.connect();
  const datas = Array.from({ length: 50 }, (_, i) => Uint8Array.of(i));
  const results = datas.map((data) => client.call(ECHO, data));
  // Calls that follow from promises of the turn belong to it.
  const late = Promise.resolve().then(() => client.call(ECHO, Uint8Array.of(50)));
  const peer = await server.peer(0);
  const messages = await peer.receive(51);
  assert.is(peer.writes.length, 1);
  assert.equal(
    messages.map((message) => message[44]),
    Array.from({ length: 51 }, (_, i) => i),
  );
  for (const message of messages) peer.send(record(echoReply(xidOf(message), message.slice(44, 45))));
  assert.equal(
    (await Promise.all([...results, late])).map((result) => result[0]),
    [...datas.map((data) => data[0]), 50],
  );
  client.close();
});

test("calls made before there is a connection are sent together when it is there", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const data = bytes("61");
  const first = client.call(ECHO, data);
  data[0] = 0x7a;
  const second = client.call(ECHO, data);
  const peer = await server.peer(0);
  const messages = await peer.receive(2);
  assert.is(peer.writes.length, 1);
  assert.equal(
    messages.map((message) => message[44]),
    [0x61, 0x7a],
  );
  for (const message of messages) peer.send(record(echoReply(xidOf(message), A)));
  await Promise.all([first, second]);
  assert.is(server.attempts, 1);
  client.close();
});

test("replies find their calls in whatever order they come", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const results = [1, 2, 3, 4].map((n) => client.call(ECHO, Uint8Array.of(n)));
  const peer = await server.peer(0);
  const messages = await peer.receive(4);
  const replies = messages.map((message) => record(echoReply(xidOf(message), message.slice(44, 45))));
  peer.send(concat(replies[2]!, replies[0]!, replies[3]!));
  assert.equal([...(await results[3]!)], [4]);
  assert.is(client.callsInFlight, 1);
  peer.send(replies[1]!);
  assert.equal(
    (await Promise.all(results)).map((result) => result[0]),
    [1, 2, 3, 4],
  );
  client.close();
});

test("each call has an xid of its own, also beyond a call that waits for long", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const slow = client.call(ECHO, A);
  const peer = await server.peer(0);
  const [slowCall] = await peer.receive(1);
  const seen = new Set<number>([xidOf(slowCall!)]);
  for (let round = 1; round <= 300; round++) {
    const call = client.call(ECHO, Uint8Array.of(round & 0xff));
    const message = (await peer.receive(round + 1))[round]!;
    assert.not(seen.has(xidOf(message)));
    seen.add(xidOf(message));
    peer.send(record(echoReply(xidOf(message), message.slice(44, 45))));
    assert.is((await call)[0], round & 0xff);
  }
  peer.send(record(echoReply(xidOf(slowCall!), A)));
  assert.is(hex(await slow), "61");
  client.close();
});

test("a reply to nobody is dropped and counted", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const result = client.call(ECHO, A);
  const peer = await server.peer(0);
  const [message] = await peer.receive(1);
  peer.send(record(echoReply(xidOf(message!) ^ 0x4000_0000, bytes("ff"))));
  peer.send(record(echoReply(xidOf(message!), A)));
  peer.send(record(echoReply(xidOf(message!), bytes("ff"))));
  assert.is(hex(await result), "61");
  await until(() => client.stats.repliesDropped === 2, "both others were dropped");
  assert.ok(client.connected);
  client.close();
});

test("a server that reads slowly gets everything in the end", async () => {
  let served = 0;
  const server = new RpcServer({
    services: [
      echoService((data) => {
        served += 1;
        return data;
      }),
    ],
  });
  const client = new RpcClient(tcpTransport(await server.listen()));
  const big = new Uint8Array(500_000).fill(7);
  const results = await Promise.all(Array.from({ length: 40 }, () => client.call(ECHO, big)));
  assert.ok(results.every((result) => Buffer.compare(result, big) === 0));
  assert.is(served, 40);
  client.close();
  await server.close();
});

for (const [name, chunkBytes] of [
  ["whole", undefined],
  ["in chunks of 7 bytes", 7],
] as const) {
  test(`client and server in one process, over memory, ${name}`, async () => {
    const server = new RpcServer({ services: [echoService()] });
    const options = chunkBytes === undefined ? {} : { chunkBytes };
    const client = new RpcClient(memoryTransport((stream) => server.serve(stream), options));
    const datas = Array.from({ length: 200 }, (_, i) => new Uint8Array(i).fill(i));
    const results = await Promise.all(datas.map((data) => client.call(ECHO, data)));
    assert.equal(results.map(hex), datas.map(hex));
    await client.call(NULL, undefined);
    client.close();
    await server.close();
  });
}

test.run();
