import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ServerProcess } from "./program.ts";

const KV_SERVER = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "src", "cli", "kv-server.ts");

/** Runs `kv_server` from its sources, so that no test depends on when `dist/` was built. */
const LAUNCHER = `import { runServer } from ${JSON.stringify(pathToFileURL(KV_SERVER).href)};
await runServer(process.argv);`;

/** A cluster of one, as a process. */
export interface KvServerProcess {
  readonly host: string;
  readonly port: number;
}

/** Starts a `kv_server` on data of its own, waits until it leads, and ends it when `run` is done. */
export async function withKvServer(run: (server: KvServerProcess) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "sundial-interop-"));
  const port = await freePort();
  const flags = ["--id=1", `--port=${port}`, `--data-dir=${dataDir}`];
  const node = ["--import", "tsx", "--input-type=module", "--eval", LAUNCHER, "kv_server", ...flags];
  const server = new ServerProcess(process.execPath, node);
  try {
    await server.prints(/elected leader/);
    await run({ host: "127.0.0.1", port });
  } finally {
    await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
