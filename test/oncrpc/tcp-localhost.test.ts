/** `localhost` is the two loopback addresses, on whichever of them the server listens (RFC 6761 §6.3). */
import { networkInterfaces } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcClient, RpcServer, RpcTransportError, tcpTransport } from "../../src/oncrpc/index.ts";
import { bytes } from "../support/bytes.ts";
import { ECHO, echoService } from "../support/echo-service.ts";
import { failureOfClass } from "../support/failure.ts";
import { freePorts } from "../support/free-ports.ts";
import { testThatNeeds } from "../support/needs.ts";

const A = bytes("61");

async function callsAt(host: string): Promise<void> {
  const server = new RpcServer({ services: [echoService()] });
  const { port } = await server.listen({ host, port: 0 });
  const client = new RpcClient(tcpTransport({ host: "localhost", port }));
  try {
    assert.equal(await client.call(ECHO, A), A);
  } finally {
    client.close();
    await server.close();
  }
}

function lackOfIpv6(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.some(({ address }) => address === "::1") ? undefined : "the machine has no ::1";
}

test("localhost finds a server on 127.0.0.1", () => callsAt("127.0.0.1"));

testThatNeeds(lackOfIpv6(), "localhost finds a server on ::1 alone", () => callsAt("::1"));

test("localhost with nobody there is refused, by the name that was given", async () => {
  const [port] = await freePorts(1);
  const client = new RpcClient(tcpTransport({ host: "localhost", port: port! }));
  const error = await failureOfClass(RpcTransportError, client.call(ECHO, A));
  assert.is(error.message, `ECHO: cannot connect to localhost:${port}: connection refused (ECONNREFUSED)`);
  client.close();
});

test.run();
