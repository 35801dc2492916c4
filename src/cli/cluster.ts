/**
 * `npm start`: three servers on this machine, until Ctrl-C.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { KvV1Client } from "../kv/gen/kv.ts";
import { RpcClient, RpcError, tcpTransport } from "../oncrpc/index.ts";

const PORTS = [9001, 9002, 9003] as const;
const BIN = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "bin");
const POLL_MS = 50;

interface Server {
  readonly id: number;
  readonly port: number;
  readonly process: ChildProcess;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
}

let phase: "starting" | "up" | "stopping" = "starting";

function startServer(port: number, index: number): Server {
  const id = index + 1;
  const peers = PORTS.filter((other) => other !== port).map((other) => `localhost:${other}`);
  const args = [join(BIN, "kv_server"), `--id=${id}`, `--port=${port}`, `--peers=${peers.join(",")}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      resolve();
      reportEnd(id, signal ?? `exit code ${code}`, args);
    });
  });
  return { id, port, process: child, ended };
}

/** The ports of ours that somebody listens on already. */
async function takenPorts(): Promise<number[]> {
  const isTaken = await Promise.all(PORTS.map(isPortTaken));
  return PORTS.filter((_, index) => isTaken[index]);
}

function isPortTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(true));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(false)));
  });
}

function reportEnd(id: number, how: string, args: readonly string[]): void {
  if (phase === "stopping") return;
  if (phase === "starting") {
    console.error(`server ${id} could not start (${how}), so the others are stopped, too`);
    return;
  }
  const command = [relative(process.cwd(), args[0]!), ...args.slice(1)].join(" ");
  console.error(`server ${id} has ended (${how}); the others go on. To start it again: ${command}`);
}

/** The id of the leader as a server knows it; 0 when it knows none, or does not answer yet. */
async function askForLeader(port: number): Promise<number> {
  const rpc = new RpcClient(tcpTransport({ host: "localhost", port }), { timeoutMs: 1_000 });
  try {
    return (await new KvV1Client(rpc).status()).status.leader;
  } catch (error) {
    if (error instanceof RpcError) return 0;
    throw error;
  } finally {
    rpc.close();
  }
}

/** Waits until all servers follow the same leader. Returns false when one ended instead. */
async function formed(servers: readonly Server[]): Promise<boolean> {
  while (servers.every((server) => server.process.exitCode === null && server.process.signalCode === null)) {
    const leaders = await Promise.all(servers.map((server) => askForLeader(server.port)));
    if (leaders[0] !== 0 && leaders.every((leader) => leader === leaders[0])) return true;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return false;
}

async function stopAll(servers: readonly Server[]): Promise<void> {
  phase = "stopping";
  for (const server of servers) server.process.kill("SIGTERM");
  await Promise.all(servers.map((server) => server.ended));
}

function sayWhatNext(servers: readonly Server[]): void {
  const client = relative(process.cwd(), join(BIN, "kv_client"));
  console.log(`
Three servers are up, with their data in ./kv_data. In another terminal, try:

  ${client} --server=localhost:9001 put mykey "Hello World"
  ${client} --server=localhost:9002 get mykey
  kill -9 ${servers[0]!.process.pid}        # server 1; the others go on
  ${client} --server=localhost:9003 get mykey
  ${client} status
  ${client} --help

Ctrl-C stops all three.
`);
}

async function main(): Promise<void> {
  // Else the servers of another `npm start` would answer for the ones that cannot start.
  const taken = await takenPorts();
  if (taken.length > 0) {
    const ports = taken.length === 1 ? `port ${taken[0]} is` : `ports ${taken.join(" and ")} are`;
    console.error(`npm start: ${ports} in use, perhaps by another npm start; stop that first`);
    process.exitCode = 1;
    return;
  }
  const servers = PORTS.map(startServer);
  // The terminal and npm both pass on the same Ctrl-C; the second must not end this process before the servers.
  const interrupted = new Promise<"interrupted">((resolve) => {
    process.on("SIGINT", () => resolve("interrupted"));
    process.on("SIGTERM", () => resolve("interrupted"));
    // The terminal was closed.
    process.on("SIGHUP", () => resolve("interrupted"));
  });
  const allEnded = Promise.all(servers.map((server) => server.ended));
  const start = await Promise.race([formed(servers), interrupted]);
  let end: unknown = start;
  if (start === true) {
    phase = "up";
    sayWhatNext(servers);
    end = await Promise.race([interrupted, allEnded]);
  }
  await stopAll(servers);
  process.exitCode = end === "interrupted" ? 0 : 1;
}

await main();
