import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AcceptStat,
  AuthStat,
  RejectStat,
  RpcAcceptedError,
  RpcCancelledError,
  RpcClient,
  type RpcClientOptions,
  RpcDeniedError,
  RpcError,
  RpcProtocolError,
  RpcTimeoutError,
  RpcTransportError,
  tcpTransport,
} from "../../src/oncrpc/index.ts";
import { XdrError } from "../../src/xdr/index.ts";
import { bytes, concat, hex, words } from "../support/bytes.ts";
import { echoReply, xidOf } from "../support/echo-messages.ts";
import { ECHO } from "../support/echo-service.ts";
import { failureOf, failureOfClass } from "../support/failure.ts";
import { RawServer, record } from "../support/raw-peer.ts";
import { ScriptedServer } from "../support/scripted-server.ts";
import { turns, until } from "../support/until.ts";

const A = bytes("61");

/** What a call fails with whose reply is `reply` behind the xid. */
async function failureFor(reply: string, options?: RpcClientOptions): Promise<unknown> {
  const server = new ScriptedServer();
  const client = server.client(options);
  const failure = failureOf(client.call(ECHO, A));
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(record(concat(call!.slice(0, 4), bytes(reply))));
  const error = await failure;
  assert.ok(client.connected, "a bad reply is the call's problem, not the connection's");
  client.close();
  return error;
}

for (const [stat, name, meaning] of [
  [1, "PROG_UNAVAIL", "the server does not have the program"],
  [3, "PROC_UNAVAIL", "the program does not have the procedure"],
  [4, "GARBAGE_ARGS", "the server could not decode the arguments"],
  [5, "SYSTEM_ERR", "the server failed to carry it out"],
] as const) {
  test(`RFC 5531 §9: ${name} fails the call with RpcAcceptedError`, async () => {
    const error = await failureFor(`00000001 00000000 00000000 00000000 0000000${stat}`);
    assert.instance(error, RpcAcceptedError);
    assert.instance(error, RpcError);
    const { code, acceptStat, mismatchInfo, message } = error as RpcAcceptedError;
    assert.equal([code, acceptStat, mismatchInfo], [name, AcceptStat[name], undefined]);
    assert.is(message, `ECHO: ${name}: ${meaning}`);
  });
}

test("RFC 5531 §9: PROG_MISMATCH fails the call with RpcAcceptedError and the versions there are", async () => {
  const error = await failureFor("00000001 00000000 00000000 00000000 00000002 00000001 00000004");
  assert.instance(error, RpcAcceptedError);
  const { code, acceptStat, mismatchInfo, message } = error as RpcAcceptedError;
  assert.equal([code, acceptStat], ["PROG_MISMATCH", AcceptStat.PROG_MISMATCH]);
  assert.equal(mismatchInfo, { low: 1, high: 4 });
  assert.is(message, "ECHO: PROG_MISMATCH: the server has versions 1 to 4 of the program");
});

test("RFC 5531 §9: RPC_MISMATCH fails the call with RpcDeniedError and the versions there are", async () => {
  const error = await failureFor("00000001 00000001 00000000 00000003 00000004");
  assert.instance(error, RpcDeniedError);
  const { code, rejectStat, authStat, mismatchInfo, message } = error as RpcDeniedError;
  assert.equal([code, rejectStat, authStat], ["RPC_MISMATCH", RejectStat.RPC_MISMATCH, undefined]);
  assert.equal(mismatchInfo, { low: 3, high: 4 });
  assert.is(message, "ECHO: denied: the server speaks RPC versions 3 to 4");
});

test("RFC 5531 §9: AUTH_ERROR fails the call with RpcDeniedError and the reason", async () => {
  const error = await failureFor("00000001 00000001 00000001 00000005");
  assert.instance(error, RpcDeniedError);
  const { code, rejectStat, authStat, mismatchInfo, message } = error as RpcDeniedError;
  assert.equal([code, rejectStat, authStat], ["AUTH_ERROR", RejectStat.AUTH_ERROR, AuthStat.AUTH_TOOWEAK]);
  assert.is(mismatchInfo, undefined);
  assert.is(message, "ECHO: denied: AUTH_TOOWEAK");
});

const SUCCESS = "00000001 00000000 00000000 00000000 00000000";

for (const [what, reply, code] of [
  ["has no reply_stat", "00000001", "XDR_TRUNCATED"],
  ["has an unknown reply_stat", "00000001 00000002", "XDR_BAD_ENUM"],
  ["has an unknown accept_stat", "00000001 00000000 00000000 00000000 00000006", "XDR_BAD_ENUM"],
  ["has an unknown auth_stat", "00000001 00000001 00000001 0000ffff", "XDR_BAD_ENUM"],
  ["has a verifier beyond its end", "00000001 00000000 00000000 00000008", "XDR_TRUNCATED"],
  ["has no results", SUCCESS, "XDR_TRUNCATED"],
  ["has results that end early", `${SUCCESS} 00000005 61626300`, "XDR_TRUNCATED"],
  ["has bytes left over behind the results", `${SUCCESS} 00000001 61000000 00000000`, "XDR_TRAILING"],
  ["has bytes left over behind a failure", "00000001 00000001 00000001 00000005 00000000", "XDR_TRAILING"],
] as const) {
  test(`a reply that ${what} fails its call with RpcProtocolError BAD_REPLY`, async () => {
    const error = await failureFor(reply);
    assert.instance(error, RpcProtocolError);
    const { code: errorCode, cause, message } = error as RpcProtocolError;
    assert.is(errorCode, "BAD_REPLY");
    assert.instance(cause, XdrError);
    assert.is((cause as XdrError).code, code);
    assert.match(message, /^ECHO: the reply does not decode: /);
  });
}

test("a verifier that is not empty is let pass: AUTH_NONE and AUTH_SYS have none to check", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const result = client.call(ECHO, A);
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(
    record(
      concat(
        call!.slice(0, 4),
        bytes("00000001 00000000 00000002 00000004 01020304 00000000 00000001 62000000"),
      ),
    ),
  );
  assert.is(hex(await result), "62");
  client.close();
});

test("the `xdr` option lets a sloppy server's bytes pass", async () => {
  const server = new ScriptedServer();
  const client = server.client({ xdr: { allowTrailingBytes: true, allowNonZeroPadding: true } });
  const result = client.call(ECHO, A);
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(record(concat(call!.slice(0, 4), bytes(`${SUCCESS} 00000001 620000ff 00000000`))));
  assert.is(hex(await result), "62");
  client.close();
});

test("arguments that have no XDR form fail the call with XdrError; nothing is sent, and the next call works", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  await client.connect();
  const tooLong = new Uint8Array(1024 * 1024 + 1);
  const [failed, result] = [failureOf(client.call(ECHO, tooLong)), client.call(ECHO, A)];
  assert.is(((await failed) as XdrError).code, "XDR_TOO_LONG");
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(record(echoReply(xidOf(call!), A)));
  assert.is(hex(await result), "61");
  assert.is(peer.messages.length, 1);
  client.close();
});

test("a call larger than recordLimitBytes fails with RpcProtocolError, since a server would hang up on it", async () => {
  const server = new ScriptedServer();
  const client = server.client({ recordLimitBytes: 1000 });
  const error = await failureOfClass(RpcProtocolError, client.call(ECHO, new Uint8Array(960)));
  assert.is(error.code, "RECORD_TOO_LARGE");
  assert.is(error.message, "ECHO: the call has 1004 bytes, the limit is 1000");
  client.close();
});

test("a refused connection fails the call with RpcTransportError CONNECT_FAILED, in words", async () => {
  const closed = await RawServer.listen();
  const { host, port } = closed;
  await closed.close();
  const client = new RpcClient(tcpTransport({ host, port }));
  const error = await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.is(error.code, "CONNECT_FAILED");
  assert.is(error.sent, false);
  assert.is(error.message, `ECHO: cannot connect to 127.0.0.1:${port}: connection refused (ECONNREFUSED)`);
  assert.is((error.cause as { code: string }).code, "ECONNREFUSED");
  client.close();
});

test("a connection that does not come about in time fails the call with CONNECT_TIMEOUT", async () => {
  let aborted = false;
  const transport = {
    target: "nowhere:1",
    connect: (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      }),
  };
  const client = new RpcClient(transport, { connectTimeoutMs: 10 });
  const error = await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.is(error.code, "CONNECT_TIMEOUT");
  assert.is(error.sent, false);
  assert.is(error.message, "ECHO: cannot connect to nowhere:1: no answer within 10 ms");
  assert.ok(aborted);
  client.close();
});

test("a connection that breaks fails the calls in flight with CONNECTION_LOST; they may have been carried out", async () => {
  const server = await RawServer.listen();
  const client = new RpcClient(tcpTransport(server));
  const failures = [client.call(ECHO, A), client.call(ECHO, A)].map((call) =>
    failureOfClass(RpcTransportError, call),
  );
  const peer = await server.peer(0);
  await peer.receive(2);
  peer.socket.resetAndDestroy();
  for (const error of await Promise.all(failures)) {
    assert.is(error.code, "CONNECTION_LOST");
    assert.is(error.sent, true);
    assert.is(
      error.message,
      `ECHO: connection to 127.0.0.1:${server.port} lost: connection reset by peer (ECONNRESET)`,
    );
  }
  client.close();
  await server.close();
});

test("a server that ends its side fails the calls in flight with CONNECTION_LOST", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const failure = failureOfClass(RpcTransportError, client.call(ECHO, A));
  const peer = await server.peer(0);
  await peer.receive(1);
  peer.end();
  assert.is((await failure).message, "ECHO: connection to scripted:1 lost: closed by the server");
  client.close();
});

for (const [what, stream, code] of [
  ["a record over the limit", bytes("ffffffff"), "RECORD_TOO_LARGE"],
  ["an empty fragment", bytes("00000000"), "EMPTY_FRAGMENT"],
  ["a record that is no reply", record(words(1, 0, 2, 1, 1, 1, 0, 0, 0, 0)), "BAD_MESSAGE"],
  ["a record without an xid", record(bytes("00")), "BAD_MESSAGE"],
] as const) {
  test(`a server that sends ${what} is hung up on; the cause is RpcProtocolError ${code}`, async () => {
    const server = new ScriptedServer();
    const client = server.client();
    const failure = failureOfClass(RpcTransportError, client.call(ECHO, A));
    const peer = await server.peer(0);
    await peer.receive(1);
    peer.send(stream);
    const { code: transportCode, cause } = await failure;
    assert.is(transportCode, "CONNECTION_LOST");
    assert.instance(cause, RpcProtocolError);
    assert.is((cause as RpcProtocolError).code, code);
    await until(() => peer.closed, "the client hung up");
    client.close();
  });
}

test("replies before a bad record still arrive", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const result = client.call(ECHO, A);
  const failure = failureOfClass(RpcTransportError, client.call(ECHO, A));
  const peer = await server.peer(0);
  const [first] = await peer.receive(2);
  peer.send(concat(record(echoReply(xidOf(first!), A)), bytes("00000000")));
  assert.is(hex(await result), "61");
  assert.is((await failure).code, "CONNECTION_LOST");
  client.close();
});

test("timeoutMs: a call without a reply fails with RpcTimeoutError, and its late reply is dropped", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const slow = failureOfClass(RpcTimeoutError, client.call(ECHO, A, { timeoutMs: 10 }));
  const other = client.call(ECHO, A);
  const peer = await server.peer(0);
  const [slowCall, otherCall] = await peer.receive(2);
  const error = await slow;
  assert.equal([error.code, error.timeoutMs, error.sent], ["CALL_TIMEOUT", 10, true]);
  assert.is(error.message, "ECHO: no reply from scripted:1 within 10 ms");
  assert.is(client.callsInFlight, 1);
  peer.send(record(echoReply(xidOf(slowCall!), bytes("ff"))));
  peer.send(record(echoReply(xidOf(otherCall!), A)));
  assert.is(hex(await other), "61");
  assert.is(client.stats.repliesDropped, 1);
  client.close();
});

test("timeoutMs: a call that never had a connection fails with RpcTimeoutError, certainly not sent", async () => {
  const transport = { target: "nowhere:1", connect: () => new Promise<never>(() => {}) };
  const client = new RpcClient(transport, { timeoutMs: 10 });
  const error = await failureOfClass(RpcTimeoutError, client.call(ECHO, A));
  assert.is(error.sent, false);
  client.close();
});

test("timeoutMs: each call keeps its own time, the shortest first, infinite ones never", async () => {
  const server = new ScriptedServer();
  const client = server.client({ timeoutMs: Number.POSITIVE_INFINITY });
  const ended: number[] = [];
  const calls = [60, 20, 40].map((timeoutMs) =>
    failureOfClass(RpcTimeoutError, client.call(ECHO, A, { timeoutMs })).then(() => ended.push(timeoutMs)),
  );
  const endless = failureOf(client.call(ECHO, A));
  await Promise.all(calls);
  assert.equal(ended, [20, 40, 60]);
  assert.is(client.callsInFlight, 1);
  client.close();
  assert.instance(await endless, RpcCancelledError);
});

test("signal: an aborted call fails at once with RpcCancelledError; its late reply is dropped", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const controller = new AbortController();
  const failure = failureOfClass(RpcCancelledError, client.call(ECHO, A, { signal: controller.signal }));
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  const reason = new Error("changed my mind");
  controller.abort(reason);
  const error = await failure;
  assert.equal([error.code, error.sent, error.cause], ["CALL_ABORTED", true, reason]);
  assert.is(client.callsInFlight, 0);
  peer.send(record(echoReply(xidOf(call!), A)));
  await until(() => client.stats.repliesDropped === 1, "the late reply was dropped");
  client.close();
});

test("signal: a call taken back before there is a connection is never sent", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const controller = new AbortController();
  const failure = failureOfClass(RpcCancelledError, client.call(ECHO, A, { signal: controller.signal }));
  const other = client.call(ECHO, bytes("62"));
  controller.abort();
  assert.is((await failure).sent, false);
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(record(echoReply(xidOf(call!), A)));
  await other;
  assert.is(peer.messages.length, 1);
  client.close();
});

test("signal: one that is aborted already fails the call without sending it", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const error = await failureOfClass(
    RpcCancelledError,
    client.call(ECHO, A, { signal: AbortSignal.abort() }),
  );
  assert.equal([error.code, error.sent], ["CALL_ABORTED", false]);
  assert.is(server.attempts, 0);
});

test("signal: once the reply is there, aborting changes nothing, and no listener stays behind", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
    listeners += 1;
    addEventListener.apply(signal, args);
  }) as typeof addEventListener;
  signal.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
    listeners -= 1;
    removeEventListener.apply(signal, args);
  }) as typeof removeEventListener;
  const result = client.call(ECHO, A, { signal });
  assert.is(listeners, 1);
  const peer = await server.peer(0);
  const [call] = await peer.receive(1);
  peer.send(record(echoReply(xidOf(call!), A)));
  assert.is(hex(await result), "61");
  assert.is(listeners, 0);
  controller.abort();
  await turns();
  client.close();
});

test("signal: one signal takes back all calls that it was given to, without a warning of Node", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on("warning", onWarning);
  const controller = new AbortController();
  const { signal } = controller;
  const failures = Array.from({ length: 50 }, () =>
    failureOfClass(RpcCancelledError, client.call(ECHO, A, { signal })),
  );
  const other = client.call(ECHO, A);
  const peer = await server.peer(0);
  const messages = await peer.receive(51);
  controller.abort();
  assert.is((await Promise.all(failures)).length, 50);
  assert.is(client.callsInFlight, 1);
  peer.send(record(echoReply(xidOf(messages[50]!), A)));
  assert.is(hex(await other), "61");
  await turns();
  process.off("warning", onWarning);
  assert.equal(warnings, []);
  client.close();
});

test("close: calls in flight and later ones fail with RpcCancelledError CLIENT_CLOSED", async () => {
  const server = new ScriptedServer();
  const client = server.client();
  const failure = failureOfClass(RpcCancelledError, client.call(ECHO, A));
  const peer = await server.peer(0);
  await peer.receive(1);
  client.close();
  client.close();
  assert.equal([(await failure).code, (await failure).sent], ["CLIENT_CLOSED", true]);
  const late = await failureOfClass(RpcCancelledError, client.call(ECHO, A));
  assert.equal([late.code, late.sent], ["CLIENT_CLOSED", false]);
  assert.is(late.message, "ECHO: the client of scripted:1 is closed");
  assert.is((await failureOfClass(RpcCancelledError, client.connect())).code, "CLIENT_CLOSED");
  assert.is(client.state, "closed");
  await until(() => peer.closed, "the connection is closed");
});

test.run();
