import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  RpcClient,
  RpcServer,
  RpcTimeoutError,
  RpcTransportError,
  tcpTransport,
} from "../../src/oncrpc/index.ts";
import { bytes, hex } from "../support/bytes.ts";
import { echoReply, xidOf } from "../support/echo-messages.ts";
import { ECHO, echoService } from "../support/echo-service.ts";
import { failureOfClass } from "../support/failure.ts";
import type { MemoryPeer } from "../support/memory-peer.ts";
import { record } from "../support/raw-peer.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { turns, until } from "../support/until.ts";

const A = bytes("61");

async function answer(peer: MemoryPeer, index: number): Promise<void> {
  const message = (await peer.receive(index + 1))[index]!;
  peer.send(record(echoReply(xidOf(message), A)));
}

function refused(): Error {
  return Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
}

test("the connection is made with the first call, not before", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  await turns();
  assert.is(server.attempts, 0);
  assert.is(client.state, "idle");
  const call = client.call(ECHO, A);
  assert.is(client.state, "connecting");
  await answer(await server.peer(0), 0);
  await call;
  assert.is(client.state, "connected");
  client.close();
});

test("connect: makes the connection without a call; once is enough for all who ask", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  await Promise.all([client.connect(), client.connect()]);
  await client.connect();
  assert.ok(client.connected);
  assert.is(server.attempts, 1);
  client.close();
});

test("connect: says why it cannot", async () => {
  const server = new ScriptedServer();
  server.refusal = refused();
  const client = server.client();
  const error = await failureOfClass(RpcTransportError, client.connect());
  assert.is(error.message, "cannot connect to scripted:1: connection refused (ECONNREFUSED)");
  assert.is(client.state, "idle");
  client.close();
});

test("after a connection was lost the next call makes a new one; the lost calls are not sent again", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const first = client.call(ECHO, A);
  await answer(await server.peer(0), 0);
  await first;
  const lost = failureOfClass(RpcTransportError, client.call(ECHO, bytes("62")));
  await server.peers[0]!.receive(2);
  server.peers[0]!.destroy();
  assert.is((await lost).code, "CONNECTION_LOST");
  assert.is(client.state, "idle");
  await turns();
  assert.is(server.attempts, 1);
  const next = client.call(ECHO, A);
  await answer(await server.peer(1), 0);
  assert.is(hex(await next), "61");
  assert.is(server.peers[1]!.messages.length, 1);
  client.close();
});

test("onConnect and onDisconnect tell of each connection; close is no disconnection", async () => {
  const server = new ScriptedServer();
  const events: string[] = [];
  const client = server.client({
    onConnect: () => events.push("connected"),
    onDisconnect: (error) => events.push(error.message),
  });
  await client.connect();
  server.peers[0]!.end();
  await until(() => !client.connected, "the client noticed");
  await client.connect();
  client.close();
  await turns();
  assert.equal(events, ["connected", "connection to scripted:1 lost: closed by the server", "connected"]);
});

test("a failed attempt is no disconnection", async () => {
  const server = new ScriptedServer();
  server.refusal = refused();
  let disconnections = 0;
  const client = server.client({
    onDisconnect: () => {
      disconnections += 1;
    },
  });
  await failureOfClass(RpcTransportError, client.connect());
  assert.is(disconnections, 0);
  client.close();
});

test("back-off: after failures the next attempt waits, and calls wait with it", async () => {
  const server = new ScriptedServer();
  server.refusal = refused();
  const client = server.client({ backoff: { minMs: 400, maxMs: 400 } });
  await failureOfClass(RpcTransportError, client.call(ECHO, A));
  await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.is(server.attempts, 2);
  server.refusal = undefined;
  const call = client.call(ECHO, A);
  assert.is(client.state, "waiting");
  await turns();
  assert.is(server.attempts, 2);
  await answer(await server.peer(0), 0);
  assert.is(hex(await call), "61");
  client.close();
});

test("back-off: a call that waits can time out, and closing ends the waiting", async () => {
  const server = new ScriptedServer();
  server.refusal = refused();
  const client = server.client({ backoff: { minMs: 60_000, maxMs: 60_000 } });
  await failureOfClass(RpcTransportError, client.call(ECHO, A));
  await failureOfClass(RpcTransportError, client.call(ECHO, A));
  const error = await failureOfClass(RpcTimeoutError, client.call(ECHO, A, { timeoutMs: 10 }));
  assert.is(error.sent, false);
  assert.is(client.state, "waiting");
  client.close();
});

test("back-off: a server that accepts and hangs up counts as a failure, one that replied does not", async () => {
  const server = new ScriptedServer();
  const client = server.client({ backoff: { minMs: 60_000, maxMs: 60_000 } });
  for (const round of [0, 1]) {
    await client.connect();
    (await server.peer(round)).destroy();
    await until(() => !client.connected, "the client noticed");
  }
  const never = client.connect().catch(() => {});
  assert.is(client.state, "waiting");
  client.close();
  await never;

  const other = server.client({ backoff: { minMs: 60_000, maxMs: 60_000 } });
  for (const round of [2, 3, 4]) {
    const call = other.call(ECHO, A);
    const peer = await server.peer(round);
    await answer(peer, 0);
    await call;
    peer.destroy();
    await until(() => !other.connected, "the client noticed");
  }
  other.close();
});

test("silenceTimeoutMs: a connection on which calls wait and nothing arrives is given up", async () => {
  const server = new ScriptedServer();
  const client = server.client({ silenceTimeoutMs: 30 });
  const error = await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.is(error.code, "CONNECTION_LOST");
  assert.is(error.message, "ECHO: connection to scripted:1 lost: nothing arrived for 30 ms");
  await until(() => server.peers[0]!.closed, "the connection is closed");
  client.close();
});

test("silenceTimeoutMs: what arrives starts the time anew", async () => {
  const server = new ScriptedServer();
  const client = server.client({ silenceTimeoutMs: 400 });
  const slow = failureOfClass(RpcTransportError, client.call(ECHO, A));
  const peer = await server.peer(0);
  await peer.receive(1);
  const startMs = performance.now();
  await until(() => performance.now() - startMs > 100, "some of the time has passed");
  const quick = client.call(ECHO, A);
  await answer(peer, 1);
  await quick;
  const heardMs = performance.now();
  assert.match((await slow).message, /nothing arrived for 400 ms/);
  assert.ok(performance.now() - heardMs > 390);
  client.close();
});

test("silenceTimeoutMs: a connection without calls may be silent", async () => {
  const server = new ScriptedServer();
  const client = server.client({ silenceTimeoutMs: 10 });
  const call = client.call(ECHO, A);
  await answer(await server.peer(0), 0);
  await call;
  const startMs = performance.now();
  await until(() => performance.now() - startMs > 50, "the time has passed");
  assert.ok(client.connected);
  client.close();
});

test("over TCP: the server goes away and comes back; the client finds it again", async () => {
  const serve = (port: number): Promise<RpcServer> => {
    const server = new RpcServer({ services: [echoService()] });
    return server.listen({ port }).then(() => server);
  };
  const before = await serve(0);
  const address = before.address!;
  const client = new RpcClient(tcpTransport(address), { backoff: { minMs: 1, maxMs: 5 } });
  assert.is(hex(await client.call(ECHO, A)), "61");
  await before.close();
  await until(() => !client.connected, "the client noticed");
  const error = await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.equal([error.code, error.sent], ["CONNECT_FAILED", false]);
  const after = await serve(address.port);
  assert.is(hex(await client.call(ECHO, A)), "61");
  client.close();
  await after.close();
});

test("over TCP: a name with several addresses is tried at all of them", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const { port } = await server.listen({ host: "127.0.0.1" });
  const client = new RpcClient(tcpTransport({ host: "localhost", port }));
  assert.is(hex(await client.call(ECHO, A)), "61");
  assert.is(client.target, `localhost:${port}`);
  client.close();
  await server.close();
});

test("a connection that is made too late is closed", async () => {
  const server = new ScriptedServer();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const transport = {
    target: "slow:1",
    connect: async (signal: AbortSignal) => {
      await held;
      return server.transport.connect(signal);
    },
  };
  const client = new RpcClient(transport, { connectTimeoutMs: 5 });
  await failureOfClass(RpcTransportError, client.connect());
  release();
  const late = await server.peer(0);
  await until(() => late.closed, "the late connection is closed");
  assert.is(client.state, "idle");
  client.close();
});

test("calls that a server does not read are refused beyond a limit, and go on when it reads again", async () => {
  const server = new ScriptedServer();
  const client = server.client({ unsentLimitBytes: 100_000 });
  const large = new Uint8Array(50_000);
  const connected = client.connect();
  const peer = await server.peer(0);
  await connected;
  const [first, second, ...others] = Array.from({ length: 6 }, () => client.call(ECHO, large));
  for (const refusal of await Promise.all(others.map((call) => failureOfClass(RpcTransportError, call)))) {
    assert.is(refusal.code, "SEND_BUFFER_FULL");
    assert.is(refusal.sent, false);
  }
  await answer(peer, 0);
  await first;
  await answer(peer, 1);
  await second;
  const again = client.call(ECHO, A);
  await answer(peer, 2);
  await again;
  client.close();
});

test.run();
