import { Worker } from "node:worker_threads";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { RpcClient, tcpTransport } from "../../src/oncrpc/index.ts";
import { bytes, hex } from "../support/bytes.ts";
import { ECHO } from "../support/echo-service.ts";

/** A server on a thread of its own, which answers any call with the reply to ECHO("a"), and says so in `replies`. */
const SERVER = `
  const { createServer } = require("node:net");
  const { parentPort, workerData } = require("node:worker_threads");
  const replies = new Int32Array(workerData);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (call) => {
      const reply = Buffer.from("80000020" + "00000000" + "00000001" + "00".repeat(16) + "0000000161000000", "hex");
      call.copy(reply, 4, 4, 8);
      socket.write(reply, () => {
        Atomics.add(replies, 0, 1);
        Atomics.notify(replies, 0);
      });
    });
  });
  server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

test("timeoutMs: a reply that came in time counts, though the process was paused until after it", async () => {
  const shared = new SharedArrayBuffer(4);
  const worker = new Worker(SERVER, { eval: true, workerData: shared });
  const port = await new Promise<number>((resolve) => worker.once("message", resolve));
  const client = new RpcClient(tcpTransport({ host: "127.0.0.1", port }));
  await client.connect();
  const timeoutMs = 500;
  const deadlineMs = performance.now() + timeoutMs;
  const result = client.call(ECHO, bytes("61"), { timeoutMs });
  await new Promise((resolve) => setImmediate(resolve));
  // Nothing else of this process runs from here on until the time is long up and the reply long there.
  Atomics.wait(new Int32Array(shared), 0, 0);
  while (performance.now() < deadlineMs + 20);
  assert.is(hex(await result), "61");
  client.close();
  await worker.terminate();
});

test.run();
