import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcServer, type RpcService, type ServerLimits } from "../../src/oncrpc/index.ts";
import { bytes } from "../support/bytes.ts";
import { echoCall, xidOf } from "../support/echo-messages.ts";
import { ECHO, type EchoHandler, echoService } from "../support/echo-service.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { until } from "../support/until.ts";

const CALLS = 500;
const REPLY = new Uint8Array(100_000);
const LIMITS: Partial<ServerLimits> = { unsentLimitBytes: 300_000, closeTimeoutMs: 20 };

/** ECHO, and how many of its replies were written. */
class CountedEcho {
  written = 0;
  readonly service: RpcService;

  constructor(handler: EchoHandler) {
    const procedure = {
      ...ECHO,
      result: {
        ...ECHO.result,
        encode: (...args: Parameters<typeof ECHO.result.encode>) => {
          this.written += 1;
          ECHO.result.encode(...args);
        },
      },
    };
    this.service = { ...echoService(), procedures: new Map([[ECHO.proc, { procedure, handler }]]) };
  }
}

/** Many calls of one client become ready in the same moment, while it does not read. */
async function withReadyCalls(
  use: (peer: RawPeer, echo: CountedEcho, server: RpcServer) => Promise<void>,
): Promise<void> {
  const waiting: (() => void)[] = [];
  const echo = new CountedEcho(() => new Promise((resolve) => waiting.push(() => resolve(REPLY))));
  const server = new RpcServer({ services: [echo.service], limits: LIMITS });
  const peer = await RawPeer.connect(await server.listen(), false);
  try {
    for (let xid = 0; xid < CALLS; xid++) peer.send(record(echoCall(xid, bytes("61"))));
    await until(() => waiting.length === CALLS, "all calls are in flight");
    for (const answer of waiting) answer();
    let seen = -1;
    // The system's buffers take some megabytes; then it stops.
    await until(() => {
      const stopped = echo.written === seen && seen > 0;
      seen = echo.written;
      return stopped;
    }, "no more replies are written");
    await use(peer, echo, server);
  } finally {
    peer.destroy();
    await server.close();
  }
}

test("replies that become ready together are written as the client takes them, and none is lost", () =>
  withReadyCalls(async (peer, echo) => {
    assert.ok(echo.written < CALLS / 2, `${echo.written} replies were written, and none was read`);
    peer.socket.resume();
    const xids = (await peer.receive(CALLS)).map(xidOf);
    assert.equal(
      xids.sort((a, b) => a - b),
      Array.from({ length: CALLS }, (_, xid) => xid),
    );
  }));

test("replies that a client never took are not written when it is gone", () =>
  withReadyCalls(async (peer, echo, server) => {
    const { written } = echo;
    peer.destroy();
    await until(() => server.stats.connections === 0, "the connection is closed");
    const limit = written + LIMITS.unsentLimitBytes! / REPLY.length;
    assert.ok(echo.written <= limit, `${echo.written} were written, ${written} of them while it was there`);
  }));

test("close: replies that wait for room are given up with the client that does not read", () =>
  withReadyCalls(async (_peer, _echo, server) => {
    await server.close();
    assert.is(server.stats.connections, 0);
  }));

test.run();
