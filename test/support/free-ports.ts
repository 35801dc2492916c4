import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST_PORT = 10_000;
const RANGE_FILE = "/proc/sys/net/ipv4/ip_local_port_range";

/**
 * Ports are not left to the system's choice: it takes them from the range that connections get theirs from, so one
 * could be gone while the server that has it is down. (And a client that tries to reach it meanwhile may, by chance,
 * be given that very port, and be connected to itself.)
 */
const FIRST_EPHEMERAL_PORT = firstEphemeralPort();

/** Ports of the loopback address that nobody listens on, all different. Another process may be quicker, though. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (FIRST_EPHEMERAL_PORT - LOWEST_PORT));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function firstEphemeralPort(): number {
  try {
    return Number(readFileSync(RANGE_FILE, "utf8").split(/\s+/)[0]);
  } catch {
    return 32_768;
  }
}
