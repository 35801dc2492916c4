import { join } from "node:path";
import { compileGenerated, compileProgram, missingCPackages, rpcgen } from "../test/support/stock-rpcgen.ts";
import type { Comparison, Target } from "./harness/comparison.ts";
import type { Part, PartContext, PartReport } from "./harness/part.ts";
import { poll } from "./harness/poll.ts";
import { runProgram } from "./harness/run-program.ts";
import { buildWorkers, ROOT, workerArgs } from "./harness/workers.ts";
import type { Running, Workspace } from "./harness/workspace.ts";

/** ECHO_PROGRAM and ECHO_V1 of echo.x. */
const PROGRAM = ["0x20004543", "1"];
const START_TIMEOUT_MS = 10_000;

interface Call {
  readonly name: string;
  readonly procedure: "null" | "echo";
  /** Its number and the bytes of its argument, for rpc-load; -1: it has none. */
  readonly loadArgs: readonly [string, string];
}

const CALLS: readonly Call[] = [
  { name: "NULL", procedure: "null", loadArgs: ["0", "-1"] },
  { name: "echo of 256 bytes", procedure: "echo", loadArgs: ["1", "256"] },
];

const LOADS: readonly { readonly name: string; readonly inFlight: number; readonly target: Target }[] = [
  { name: "64 in flight", inFlight: 64, target: { kind: "atLeast", ratio: 2 } },
  { name: "one at a time", inFlight: 1, target: { kind: "atLeast", ratio: 0.8 } },
];

interface Durations {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
}

const FULL: Durations = { rounds: 5, warmUpMs: 1000, measureMs: 2000 };
const QUICK: Durations = { rounds: 1, warmUpMs: 200, measureMs: 300 };

/** Calls a second on the server at a port. */
type Driver = (port: number, call: Call, inFlight: number, durations: Durations) => Promise<number>;

/**
 * Our server of echo.x against one from stock rpcgen and libtirpc, each in a process of its own, called over one
 * connection.
 *
 * The driver that the targets hold for is a small C program, which takes so little of the processor that the
 * server is what is measured, also one call at a time, where a driver in JavaScript would be half of the round
 * trip and so bring any two servers closer together. What a user of `RpcClient` sees of both servers is reported, too.
 */
export const rpc: Part = {
  name: "rpc",
  run: async (context: PartContext): Promise<PartReport> => {
    const packages = missingCPackages();
    if (packages.length > 0) {
      return { comparisons: [], measured: [], missing: [`libtirpc: apt install ${packages.join(" ")}`] };
    }
    const { workspace, quick } = context;
    const durations = quick ? QUICK : FULL;
    const programs = await build(workspace);
    const sundial = await startServer(
      workspace,
      "sundial-echo",
      process.execPath,
      workerArgs("echo-server", []),
    );
    const peer = await startServer(workspace, "libtirpc-echo", programs.server, []);
    const drivers = { rpcLoad: rpcLoad(workspace, programs.load), rpcClient: rpcClient(workspace) };
    const comparisons: Comparison[] = [];
    for (const { name, inFlight, target } of LOADS) {
      for (const call of CALLS) {
        context.progress(`${call.name}, ${name}`);
        const compare = (driver: Driver): Promise<Rates> =>
          interleave(durations, (port) => driver(port, call, inFlight, durations), sundial.port, peer.port);
        const base = { unit: "calls/s", peerName: "libtirpc" };
        const benchmark = `${call.name}, ${name}`;
        comparisons.push({ ...base, benchmark, ...(await compare(drivers.rpcLoad)), target });
        const throughClient = `${benchmark}, called with RpcClient`;
        comparisons.push({ ...base, benchmark: throughClient, ...(await compare(drivers.rpcClient)) });
      }
    }
    await Promise.all([sundial.running.stop(), peer.running.stop()]);
    const version = (await runProgram(workspace, "pkg-config", ["--modversion", "libtirpc"])).trim();
    return {
      comparisons,
      measured: [`libtirpc ${version}, stock rpcgen -C, gcc -O2; one connection`],
      missing: [],
    };
  },
};

interface Rates {
  readonly sundial: number[];
  readonly peer: number[];
}

/** A B A B …, so that what else the machine does meets both alike. */
async function interleave(
  durations: Durations,
  measure: (port: number) => Promise<number>,
  sundialPort: number,
  peerPort: number,
): Promise<Rates> {
  const rates: Rates = { sundial: [], peer: [] };
  for (let round = 0; round < durations.rounds; round++) {
    rates.sundial.push(await measure(sundialPort));
    rates.peer.push(await measure(peerPort));
  }
  return rates;
}

async function build(workspace: Workspace): Promise<{ server: string; load: string }> {
  const peers = join(ROOT, "bench", "peers");
  const directory = workspace.subdirectory("rpc");
  const generated = rpcgen(join(peers, "libtirpc-echo", "echo.x"), directory);
  const objects = compileGenerated([generated.xdr, generated.dispatch], directory);
  await buildWorkers(workspace);
  return {
    server: compileProgram(join(peers, "libtirpc-echo", "echo-server.c"), objects, directory),
    load: compileProgram(join(peers, "rpc-load", "rpc-load.c"), [], directory),
  };
}

/** Starts a server that prints its port. */
async function startServer(
  workspace: Workspace,
  name: string,
  command: string,
  args: readonly string[],
): Promise<{ running: Running; port: number }> {
  const running = workspace.start(name, command, args);
  const line = await poll(`${name}: its port`, START_TIMEOUT_MS, () => {
    if (!running.isRunning()) throw new Error(running.output());
    return /^\d+$/m.exec(running.output())?.[0];
  });
  return { running, port: Number(line) };
}

function rpcLoad(workspace: Workspace, program: string): Driver {
  return async (port, call, inFlight, { warmUpMs, measureMs }) => {
    const numbers = [inFlight, warmUpMs, measureMs].map(String);
    return Number(
      await runProgram(workspace, program, [String(port), ...PROGRAM, ...call.loadArgs, ...numbers]),
    );
  };
}

function rpcClient(workspace: Workspace): Driver {
  return async (port, call, inFlight, { warmUpMs, measureMs }) => {
    const flags = {
      "--port": port,
      "--procedure": call.procedure,
      "--in-flight": inFlight,
      "--warm-up-ms": warmUpMs,
      "--measure-ms": measureMs,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]);
    return Number(await runProgram(workspace, process.execPath, workerArgs("echo-client", args)));
  };
}
