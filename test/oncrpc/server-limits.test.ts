import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcServer, RpcTransportError, type ServerLimits } from "../../src/oncrpc/index.ts";
import { bytes, concat, hex, words } from "../support/bytes.ts";
import { echoCall, echoReply, xidOf } from "../support/echo-messages.ts";
import { type EchoHandler, echoService } from "../support/echo-service.ts";
import { failureOf, failureOfClass } from "../support/failure.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { until } from "../support/until.ts";

const A = bytes("61");

/** Serves ECHO with the given limits, and hands out connections to it. */
async function withServer(
  limits: Partial<ServerLimits>,
  use: (connect: (readAtOnce?: boolean) => Promise<RawPeer>, server: RpcServer) => Promise<void>,
  handler?: EchoHandler,
): Promise<void> {
  const server = new RpcServer({ services: [echoService(handler)], limits });
  const address = await server.listen();
  const peers: RawPeer[] = [];
  try {
    await use(async (readAtOnce) => {
      const peer = await RawPeer.connect(address, readAtOnce);
      peers.push(peer);
      return peer;
    }, server);
  } finally {
    for (const peer of peers) peer.destroy();
    await server.close();
  }
}

/** A handler whose calls are answered when the test says so. */
class Gate {
  readonly waiting: { xid: number; open: () => void }[] = [];
  isOpen = false;
  readonly handler: EchoHandler = (data, context) => {
    if (this.isOpen) return data;
    return new Promise((resolve) => this.waiting.push({ xid: context.xid, open: () => resolve(data) }));
  };
}

async function serves(peer: RawPeer): Promise<void> {
  assert.is(hex(await peer.exchange(echoCall(99, A))), hex(echoReply(99, A)));
}

test("recordLimitBytes: a larger record closes the connection at its header; other connections stay", () =>
  withServer({ recordLimitBytes: 100 }, async (connect) => {
    const [good, bad] = [await connect(), await connect()];
    bad.send(words(0x8000_0000 + 101));
    await bad.untilClosed();
    await serves(good);
  }));

test("a record that is too large in fragments closes the connection, too", () =>
  withServer({ recordLimitBytes: 100 }, async (connect) => {
    const peer = await connect();
    peer.send(concat(words(60), new Uint8Array(60), words(0x8000_0000 + 41)));
    await peer.untilClosed();
  }));

test("fragmentsLimit: a record in too many fragments closes the connection", () =>
  withServer({ fragmentsLimit: 4 }, async (connect) => {
    const peer = await connect();
    for (let i = 0; i < 5; i++) peer.send(concat(words(1), A));
    await peer.untilClosed();
  }));

test("an empty fragment that is not the last closes the connection, after the calls before it are answered", () =>
  withServer({}, async (connect) => {
    const peer = await connect();
    peer.send(concat(record(echoCall(1, A)), words(0)));
    await peer.untilClosed();
    assert.equal(peer.messages.map(hex), [hex(echoReply(1, A))]);
  }));

test("unfinishedLimitBytes: unfinished records of all connections share it; who needs more is closed", () =>
  withServer({ unfinishedLimitBytes: 300_000 }, async (connect, server) => {
    const half = concat(words(0x8000_0000 + 80_000), new Uint8Array(40_000));
    const peers = await Promise.all(Array.from({ length: 10 }, () => connect()));
    for (const peer of peers) peer.send(half);
    const isFull = (): boolean => server.stats.connectionsAccepted === 10 && server.stats.connections <= 7;
    await until(isFull, "connections are closed");
    assert.ok(server.stats.connections >= 3);
    for (const peer of peers) peer.destroy();
    await until(() => server.stats.connections === 0, "all connections are closed");
    // What was given up, or is finished, makes room again.
    const peer = await connect();
    const call = record(echoCall(1, new Uint8Array(100_000)));
    for (let round = 1; round <= 10; round++) {
      peer.send(call.slice(0, 50_000));
      peer.send(call.slice(50_000));
      await peer.receive(round);
    }
  }));

test("recordTimeoutMs: a record that is not finished in time closes the connection; others stay", () =>
  withServer({ recordTimeoutMs: 40 }, async (connect) => {
    const [good, slow] = [await connect(), await connect()];
    slow.send(words(0x8000_0000 + 40, 1));
    // Dripping does not help: it is the record that has the time, not its bytes.
    const drip = setInterval(() => slow.send(words(0)), 10);
    await slow.untilClosed();
    clearInterval(drip);
    await serves(good);
  }));

test("recordTimeoutMs: half a header is the beginning of a record", () =>
  withServer({ recordTimeoutMs: 40 }, async (connect) => {
    const peer = await connect();
    peer.send(bytes("8000"));
    await peer.untilClosed();
  }));

test("recordTimeoutMs: records that are each finished in time may go on for ever", () =>
  withServer({ recordTimeoutMs: 400 }, async (connect) => {
    const peer = await connect();
    const call = record(echoCall(1, A));
    const startMs = performance.now();
    // Each write ends one record and begins the next, so that there is always one begun.
    peer.send(call.slice(0, 10));
    for (let sent = 1; performance.now() - startMs < 600; sent++) {
      peer.send(concat(call.slice(10), call.slice(0, 10)));
      await peer.receive(sent);
    }
    assert.not(peer.closed);
  }));

test("idleTimeoutMs: a connection without traffic is closed", () =>
  withServer({ idleTimeoutMs: 200 }, async (connect) => {
    const [silent, used] = [await connect(), await connect()];
    await serves(used);
    await silent.untilClosed();
    await used.untilClosed();
  }));

test("idleTimeoutMs: a connection with a call in flight is not idle", async () => {
  const gate = new Gate();
  await withServer(
    { idleTimeoutMs: 200 },
    async (connect) => {
      const [busy, idle] = [await connect(), await connect()];
      busy.send(record(echoCall(1, A)));
      await until(() => gate.waiting.length === 1, "the call is in flight");
      for (let round = 0; round < 3; round++) await (round === 0 ? idle : await connect()).untilClosed();
      assert.not(busy.ended);
      gate.waiting[0]!.open();
      assert.equal((await busy.receive(1)).map(hex), [hex(echoReply(1, A))]);
      await busy.untilClosed();
    },
    gate.handler,
  );
});

test("connectionsLimit: the connection that is idle longest makes room for a new one", () =>
  withServer({ connectionsLimit: 2 }, async (connect, server) => {
    const first = await connect();
    await serves(first);
    const second = await connect();
    await serves(second);
    await serves(first);
    const third = await connect();
    await second.untilClosed();
    await serves(first);
    await serves(third);
    assert.equal(server.stats, {
      connections: 2,
      connectionsAccepted: 3,
      connectionsEvicted: 1,
      connectionsRefused: 0,
    });
  }));

test("connectionsLimit: when no connection is idle, the new one is refused", async () => {
  const gate = new Gate();
  await withServer(
    { connectionsLimit: 1 },
    async (connect, server) => {
      const busy = await connect();
      busy.send(record(echoCall(1, A)));
      await until(() => gate.waiting.length === 1, "the call is in flight");
      const refused = await connect();
      await refused.untilClosed();
      assert.is(server.stats.connectionsRefused, 1);
      gate.waiting[0]!.open();
      await busy.receive(1);
    },
    gate.handler,
  );
});

test("callsInFlightLimit: further calls wait until one is answered, even those that have arrived", async () => {
  const gate = new Gate();
  await withServer(
    { callsInFlightLimit: 2 },
    async (connect) => {
      const peer = await connect();
      peer.send(concat(...[1, 2, 3, 4, 5].map((xid) => record(echoCall(xid, A)))));
      await until(() => gate.waiting.length === 2, "two calls are in flight");
      peer.send(record(echoCall(6, A)));
      gate.waiting[1]!.open();
      await peer.receive(1);
      await until(() => gate.waiting.length === 3, "a third call was begun");
      for (const [i, count] of [
        [0, 4],
        [2, 5],
        [3, 6],
      ] as const) {
        gate.waiting[i]!.open();
        await until(() => gate.waiting.length === count, `${count} calls were begun`);
      }
      assert.equal(
        gate.waiting.map((one) => one.xid),
        [1, 2, 3, 4, 5, 6],
      );
      gate.waiting[4]!.open();
      gate.waiting[5]!.open();
      assert.equal((await peer.receive(6)).map(xidOf), [2, 1, 3, 4, 5, 6]);
    },
    gate.handler,
  );
});

test("callsInFlightLimit: while a connection waits for its turn, the record time stands still", async () => {
  const gate = new Gate();
  await withServer(
    { callsInFlightLimit: 1, recordTimeoutMs: 40 },
    async (connect) => {
      const [peer, other] = [await connect(), await connect()];
      peer.send(concat(record(echoCall(1, A)), words(0x8000_0000 + 48)));
      await until(() => gate.waiting.length === 1, "the call is in flight");
      other.send(words(0x8000_0000 + 48));
      await other.untilClosed();
      gate.waiting[0]!.open();
      await peer.receive(1);
      await peer.untilClosed();
    },
    gate.handler,
  );
});

test("back-pressure: a client that does not read its replies stops being read, and loses nothing", async () => {
  let calls = 0;
  const big = new Uint8Array(100_000);
  await withServer(
    { unsentLimitBytes: 300_000 },
    async (connect) => {
      const peer = await connect(false);
      const count = 400;
      for (let xid = 0; xid < count; xid++) peer.send(record(echoCall(xid, A)));
      let seen = -1;
      // The system's buffers take some megabytes; then it stops.
      await until(() => {
        const stopped = calls === seen && calls > 0;
        seen = calls;
        return stopped;
      }, "no more calls are begun");
      assert.ok(calls < count, `${calls} calls were begun though no reply was read`);
      peer.socket.resume();
      const replies = await peer.receive(count);
      assert.equal(
        replies.map(xidOf),
        Array.from({ length: count }, (_, xid) => xid),
      );
    },
    () => {
      calls += 1;
      return big;
    },
  );
});

test("writeTimeoutMs: a client that goes on not reading its replies is disconnected", () =>
  withServer(
    { unsentLimitBytes: 100_000, writeTimeoutMs: 40 },
    async (connect, server) => {
      const peer = await connect(false);
      const other = await connect();
      for (let xid = 0; xid < 400; xid++) peer.send(record(echoCall(xid, A)));
      const isGone = (): boolean => server.stats.connectionsAccepted === 2 && server.stats.connections === 1;
      await until(isGone, "the client is disconnected");
      await other.exchange(echoCall(1, A));
    },
    () => new Uint8Array(100_000),
  ));

test("writeTimeoutMs: a client that reads on in time stays, however long it stays", async () => {
  const writeTimeoutMs = 500;
  let calls = 0;
  await withServer(
    { unsentLimitBytes: 100_000, writeTimeoutMs },
    async (connect) => {
      const peer = await connect(false);
      for (let xid = 0; xid < 100; xid++) peer.send(record(echoCall(xid, A)));
      await until(() => calls > 0, "calls are answered");
      const startMs = performance.now();
      peer.socket.resume();
      await peer.receive(100);
      await until(() => performance.now() - startMs > writeTimeoutMs * 1.5, "the time has passed");
      await peer.exchange(echoCall(1, A));
    },
    () => {
      calls += 1;
      return new Uint8Array(100_000);
    },
  );
});

test("a call that is answered after its client went away is forgotten; onGone tells the handler", async () => {
  const gate = new Gate();
  let gone = 0;
  await withServer(
    {},
    async (connect, server) => {
      const peer = await connect();
      peer.send(concat(record(echoCall(1, A)), record(echoCall(2, A))));
      await until(() => gate.waiting.length === 2, "the calls are in flight");
      peer.destroy();
      await until(() => gone === 1, "the handler was told");
      for (const one of gate.waiting) one.open();
      gate.isOpen = true;
      await serves(await connect());
      assert.is(server.stats.connections, 1);
    },
    (data, context) => {
      const forget = context.onGone(() => {
        gone += 1;
      });
      if (context.xid === 2) forget();
      return gate.handler(data, context);
    },
  );
});

test("a server that is closed while it begins to listen does not listen, nor does one that is closed already", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const listening = failureOfClass(RpcTransportError, server.listen());
  await server.close();
  assert.is((await listening).code, "LISTEN_FAILED");
  assert.is(server.address, undefined);
  assert.is((await failureOfClass(RpcTransportError, server.listen())).code, "LISTEN_FAILED");
});

test("a server listens once: the second call fails also when the first is not done, and not for good", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const first = server.listen();
  assert.match(String(await failureOf(server.listen())), "listens already");
  const { port } = await first;
  const other = new RpcServer({ services: [echoService()] });
  assert.is((await failureOfClass(RpcTransportError, other.listen({ port }))).code, "LISTEN_FAILED");
  await other.listen();
  await Promise.all([server.close(), other.close()]);
});

test.run();
