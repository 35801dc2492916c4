import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcClient, RpcServer, tcpTransport } from "../../src/oncrpc/index.ts";
import { ECHO, echoService } from "../support/echo-service.ts";

test("a call over TCP brings back what the handler returned", async () => {
  const server = new RpcServer({ services: [echoService()] });
  const address = await server.listen();
  const client = new RpcClient(tcpTransport(address));
  const data = Buffer.from("hello");
  assert.equal(Buffer.from(await client.call(ECHO, data)), data);
  client.close();
  await server.close();
});

test.run();
