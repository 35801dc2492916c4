import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcServer, RpcTransportError, type ServerLimits } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex } from "../support/bytes.ts";
import { echoCall, echoReply, xidOf } from "../support/echo-messages.ts";
import { type EchoHandler, echoService } from "../support/echo-service.ts";
import { MemoryPeer } from "../support/memory-peer.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { turns, until } from "../support/until.ts";

const A = bytes("61");

function batch(...xids: readonly number[]): Uint8Array {
  return concat(...xids.map((xid) => record(echoCall(xid, A))));
}

function memoryServer(
  handler?: EchoHandler,
  limits: Partial<ServerLimits> = {},
): { server: RpcServer; peer: MemoryPeer } {
  const server = new RpcServer({ services: [echoService(handler)], limits });
  const peer = new MemoryPeer();
  server.serve(peer.far);
  return { server, peer };
}

/** Promises that the test settles, by xid. */
class Calls {
  readonly answer = new Map<number, (data: Uint8Array) => void>();
  readonly handler: EchoHandler = (_data, { xid }) => new Promise((resolve) => this.answer.set(xid, resolve));
}

test("calls that arrive together are answered in one write", async () => {
  const { peer } = memoryServer();
  peer.send(batch(1, 2, 3, 4, 5));
  assert.equal((await peer.receive(5)).map(xidOf), [1, 2, 3, 4, 5]);
  assert.is(peer.writes.length, 1);
});

test("a handler that returns a value is answered within the turn, without a promise", async () => {
  const order: string[] = [];
  const { peer } = memoryServer((data) => {
    order.push("handler");
    Promise.resolve().then(() => order.push("microtask"));
    return data;
  });
  const { write } = peer.far;
  peer.far.write = (data) => {
    order.push("write");
    return write(data);
  };
  peer.send(batch(1));
  await peer.receive(1);
  assert.equal(order, ["handler", "write", "microtask"]);
});

test("replies that become ready in the same turn share one write, whatever their order", async () => {
  const calls = new Calls();
  const { peer } = memoryServer(calls.handler);
  peer.send(batch(1, 2, 3));
  await until(() => calls.answer.size === 3, "the calls are in flight");
  for (const xid of [3, 1, 2]) calls.answer.get(xid)!(A);
  assert.equal((await peer.receive(3)).map(xidOf), [3, 1, 2]);
  assert.is(peer.writes.length, 1);
});

test("a call that is answered at once overtakes one that is not", async () => {
  const calls = new Calls();
  const { peer } = memoryServer((data, context) => (context.xid === 1 ? calls.handler(data, context) : data));
  peer.send(batch(1, 2));
  assert.equal((await peer.receive(1)).map(xidOf), [2]);
  calls.answer.get(1)!(A);
  assert.equal((await peer.receive(2)).map(xidOf), [2, 1]);
});

test("a reply that does not encode leaves the replies around it whole", async () => {
  const tooLong = new Uint8Array(1024 * 1024 + 1);
  const { peer } = memoryServer((data, { xid }) => (xid === 2 ? tooLong : data));
  peer.send(batch(1, 2, 3));
  assert.equal((await peer.receive(3)).map(hex), [
    hex(echoReply(1, A)),
    hex(bytes("00000002 00000001 00000000 00000000 00000000 00000005")),
    hex(echoReply(3, A)),
  ]);
});

test("a call cut into chunks of one byte is served like any other", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const peer = new MemoryPeer({ chunkBytes: 1 });
  server.serve(peer.far);
  peer.send(batch(1, 2));
  assert.equal((await peer.receive(2)).map(hex), [hex(echoReply(1, A)), hex(echoReply(2, A))]);
});

test("a client that ended its side still gets its replies, then the connection ends", async () => {
  const calls = new Calls();
  const { server, peer } = memoryServer(calls.handler);
  peer.send(batch(1, 2));
  peer.end();
  await until(() => calls.answer.size === 2, "the calls are in flight");
  calls.answer.get(2)!(A);
  await peer.receive(1);
  assert.not(peer.ended);
  calls.answer.get(1)!(A);
  assert.equal((await peer.receive(2)).map(xidOf), [2, 1]);
  await until(() => peer.closed && server.stats.connections === 0, "the connection is closed");
});

test("a client that ended its side within a record is let go", async () => {
  const { server, peer } = memoryServer();
  peer.send(batch(1).slice(0, 30));
  peer.end();
  await until(() => peer.closed && server.stats.connections === 0, "the connection is closed");
});

test("onGone tells a handler that the client ended its side, also one that asks only afterwards", async () => {
  const told: string[] = [];
  const calls = new Calls();
  const { peer } = memoryServer(async (data, context) => {
    context.onGone(() => told.push("early"));
    const result = await calls.handler(data, context);
    await new Promise<void>((resolve) => context.onGone(resolve));
    told.push("late");
    return result;
  });
  peer.send(batch(1));
  peer.end();
  await until(() => told.length === 1, "the handler was told");
  calls.answer.get(1)!(A);
  assert.equal((await peer.receive(1)).map(xidOf), [1]);
  assert.equal(told, ["early", "late"]);
});

test("close: calls in flight are answered, later ones are not begun, then the connection ends", async () => {
  const calls = new Calls();
  const { server, peer } = memoryServer(calls.handler);
  peer.send(batch(1));
  await until(() => calls.answer.size === 1, "the call is in flight");
  const closed = server.close();
  peer.send(batch(2));
  await turns();
  assert.is(calls.answer.size, 1);
  calls.answer.get(1)!(A);
  assert.equal((await peer.receive(1)).map(xidOf), [1]);
  await until(() => peer.ended, "the server ended its side");
  peer.end();
  await closed;
  assert.is(server.stats.connections, 0);
});

test("close: idle connections are closed at once", async () => {
  const { server, peer } = memoryServer();
  peer.send(batch(1));
  await peer.receive(1);
  await server.close();
  await until(() => peer.closed, "the connection is closed");
});

test("close: a call that is never answered holds the server up for closeTimeoutMs, not longer", async () => {
  const calls = new Calls();
  const { server, peer } = memoryServer(calls.handler, { closeTimeoutMs: 20 });
  peer.send(batch(1));
  await until(() => calls.answer.size === 1, "the call is in flight");
  await server.close();
  assert.is(server.stats.connections, 0);
  calls.answer.get(1)!(A);
  await turns();
  assert.is(peer.messages.length, 0);
});

test("close: over TCP nothing listens afterwards, twice is as good as once, and no connection is taken", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const address = await server.listen();
  const peer = await RawPeer.connect(address);
  await peer.exchange(echoCall(1, A));
  await Promise.all([server.close(), server.close()]);
  await peer.untilClosed();
  assert.is(server.address, undefined);
  let failure: unknown;
  await RawPeer.connect(address).catch((error: unknown) => {
    failure = error;
  });
  assert.is((failure as { code?: string }).code, "ECONNREFUSED");
  const late = new MemoryPeer();
  server.serve(late.far);
  await until(() => late.closed, "the late connection is closed");
});

test("listen: port 0 gives a free port, which `address` tells; a taken one is LISTEN_FAILED", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const other = new RpcServer({ services: [echoService()] });
  const address = await server.listen({ port: 0 });
  assert.equal(server.address, address);
  assert.is(address.host, "127.0.0.1");
  assert.ok(address.port > 0);
  let failure: unknown;
  await other.listen(address).catch((error: unknown) => {
    failure = error;
  });
  assert.instance(failure, RpcTransportError);
  const { code, message } = failure as RpcTransportError;
  assert.is(code, "LISTEN_FAILED");
  assert.is(message, `cannot listen on 127.0.0.1:${address.port}: address already in use (EADDRINUSE)`);
  await Promise.all([server.close(), other.close()]);
});

test.run();
