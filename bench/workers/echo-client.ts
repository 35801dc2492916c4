/**
 * Calls a server of echo.x with `RpcClient`: `echo-client.js --port N --procedure null|echo --in-flight N --measure-ms N`.
 * Prints the calls a second.
 */
import { parseArgs } from "node:util";
import { RpcClient, tcpTransport } from "../../src/oncrpc/index.ts";
import { EchoV1Client } from "../gen/echo.ts";

const PAYLOAD_BYTES = 256;

/** Keeps the calls going for so long. Returns the calls a second. */
async function load(call: () => Promise<unknown>, inFlight: number, durationMs: number): Promise<number> {
  let calls = 0;
  let isRunning = true;
  const worker = async (): Promise<void> => {
    while (isRunning) {
      await call();
      calls += 1;
    }
  };
  setTimeout(() => {
    isRunning = false;
  }, durationMs);
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return (calls / (performance.now() - startMs)) * 1000;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "" },
      procedure: { type: "string", default: "null" },
      "in-flight": { type: "string", default: "1" },
      "warm-up-ms": { type: "string", default: "500" },
      "measure-ms": { type: "string", default: "2000" },
    },
  });
  const rpc = new RpcClient(tcpTransport({ host: "127.0.0.1", port: Number(values.port) }));
  const client = new EchoV1Client(rpc);
  const data = new Uint8Array(PAYLOAD_BYTES);
  const call = values.procedure === "null" ? () => client.null() : () => client.echo(data);
  const inFlight = Number(values["in-flight"]);
  await load(call, inFlight, Number(values["warm-up-ms"]));
  console.log((await load(call, inFlight, Number(values["measure-ms"]))).toFixed(1));
  rpc.close();
}

await main();
