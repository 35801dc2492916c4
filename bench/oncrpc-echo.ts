/**
 * Echo calls a second over one TCP connection on loopback, client and server in processes of their own.
 *
 *     node oncrpc-echo.js [--bytes 256] [--rounds 5] [--server host:port]
 *
 * `--server` also measures another server of program 0x20000e40, version 3, procedure 1 (opaque in, opaque out),
 * for example one made with stock rpcgen and libtirpc.
 *
 * Two clients are measured: "bare" writes records that were encoded beforehand and only counts reply bytes, so
 * that the server is what is measured; "RpcClient" is the real one.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type HostPort,
  type Procedure,
  parseAddress,
  RpcClient,
  RpcServer,
  type RpcService,
  tcpTransport,
} from "../src/oncrpc/index.ts";
import { varOpaqueCodec } from "../src/xdr/index.ts";

const DATA_LIMIT_BYTES = 1024 * 1024;
const REPLY_HEADER_BYTES = 28;

const dataCodec = varOpaqueCodec(DATA_LIMIT_BYTES);
const ECHO: Procedure<Uint8Array, Uint8Array> = {
  name: "ECHO",
  prog: 0x2000_0e40,
  vers: 3,
  proc: 1,
  args: dataCodec,
  result: dataCodec,
};

const service: RpcService = {
  name: "ECHO",
  prog: ECHO.prog,
  vers: ECHO.vers,
  procedures: new Map([[1, { procedure: ECHO, handler: (data: Uint8Array) => data }]]),
};

/** Calls a second with `inFlight` calls under way at all times. */
type Load = (server: HostPort, bytes: number, inFlight: number, seconds: number) => Promise<number>;

const bareLoad: Load = async (server, bytes, inFlight, seconds) => {
  const socket: Socket = connect(server.port, server.host);
  socket.setNoDelay(true);
  await once(socket, "connect");
  const record = callRecord(bytes);
  const batch = Buffer.concat(Array.from({ length: inFlight }, () => record));
  const replyBytes = REPLY_HEADER_BYTES + 4 + ((bytes + 3) & ~3);
  let receivedBytes = 0;
  let calls = 0;
  const start = performance.now();
  socket.on("data", (chunk: Buffer) => {
    receivedBytes += chunk.length;
    const done = Math.floor(receivedBytes / replyBytes);
    if (done === 0) return;
    receivedBytes -= done * replyBytes;
    calls += done;
    socket.write(batch.subarray(0, done * record.length));
  });
  socket.write(batch);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const elapsedMs = performance.now() - start;
  socket.destroy();
  return (calls / elapsedMs) * 1000;
};

const clientLoad: Load = async (server, bytes, inFlight, seconds) => {
  const client = new RpcClient(tcpTransport(server));
  const data = new Uint8Array(bytes);
  await client.connect();
  const start = performance.now();
  const endMs = start + seconds * 1000;
  let calls = 0;
  let running = true;
  const stop = setTimeout(() => {
    running = false;
  }, endMs - start);
  const worker = async (): Promise<void> => {
    while (running) {
      await client.call(ECHO, data);
      calls += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  clearTimeout(stop);
  const elapsedMs = performance.now() - start;
  client.close();
  return (calls / elapsedMs) * 1000;
};

const LOADS = new Map<string, Load>([
  ["bare", bareLoad],
  ["RpcClient", clientLoad],
]);

const ROUND_SECONDS = 0.5;

function callRecord(bytes: number): Buffer {
  const padded = (bytes + 3) & ~3;
  const record = Buffer.alloc(4 + 40 + 4 + padded);
  record.writeUInt32BE(0x8000_0000 + record.length - 4, 0);
  for (const [at, word] of [7, 0, 2, ECHO.prog, ECHO.vers, ECHO.proc].entries()) {
    record.writeUInt32BE(word, 4 + at * 4);
  }
  record.writeUInt32BE(bytes, 44);
  return record;
}

async function serve(): Promise<void> {
  const server = new RpcServer({ services: [service] });
  const { port } = await server.listen();
  console.log(port);
}

/** The best of several short rounds: other work on the machine only ever makes a round slower. */
async function measure(servers: ReadonlyMap<string, HostPort>, bytes: number, rounds: number): Promise<void> {
  const best = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const [serverName, server] of servers) {
      for (const [loadName, load] of LOADS) {
        for (const inFlight of [1, 64]) {
          const name = `${serverName}, ${loadName}, ${inFlight} in flight`;
          const rate = await load(server, bytes, inFlight, ROUND_SECONDS);
          best.set(name, Math.max(rate, best.get(name) ?? 0));
        }
      }
    }
  }
  for (const [name, rate] of best) console.log(`${name.padEnd(45)} ${Math.round(rate)} calls/s`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      role: { type: "string" },
      bytes: { type: "string", default: "256" },
      rounds: { type: "string", default: "5" },
      server: { type: "string" },
    },
  });
  if (values.role === "server") return serve();
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(import.meta.url), "--role", "server"],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const servers = new Map([["RpcServer", { host: "127.0.0.1", port: Number(line.toString()) }]]);
  if (values.server !== undefined) servers.set(values.server, parseAddress(values.server));
  await measure(servers, Number(values.bytes), Number(values.rounds));
  child.kill();
}

await main();
