/**
 * Tests that need ports, mounts or process groups of their own run in namespaces (unshare(1)): the network has only
 * a loopback device, what is mounted disappears with the test, and when the test ends, however it does, the kernel
 * ends every process that it left behind.
 */
import { spawnSync } from "node:child_process";

const INSIDE = "SUNDIAL_TEST_NAMESPACES";
const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"];
/** As root, or else as root of a user namespace, where the system lets anyone make one. */
const WAYS = [NAMESPACES, ["--map-root-user", ...NAMESPACES]];

/** Why a test that needs namespaces cannot run here; with `CI=true` that is a failure. */
export const NO_NAMESPACES =
  "this machine does not let the test make namespaces: it takes root, or unprivileged user namespaces";

/**
 * Runs the calling test file again in namespaces of its own.
 *
 * - "inside": this is the run in the namespaces; the file has its tests run.
 * - "outside": that run is over, and has set the exit code; nothing is left to do.
 * - "unavailable": see {@link NO_NAMESPACES}.
 */
export function enterNamespaces(): "inside" | "outside" | "unavailable" {
  if (process.env[INSIDE] !== undefined) {
    spawnSync("ip", ["link", "set", "lo", "up"], { stdio: "inherit" });
    return "inside";
  }
  const way = WAYS.find(
    (flags) => spawnSync("unshare", [...flags, "ip", "link", "set", "lo", "up"]).status === 0,
  );
  if (way === undefined) return "unavailable";
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync("setpriv", ["--pdeathsig", "KILL", "unshare", ...way, ...command], {
    env: { ...process.env, [INSIDE]: "yes" },
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
  return "outside";
}
