/** `bin/kv_client` without a build, for tests that need a process. */
import { runClient } from "../../src/cli/kv-client.ts";

process.exitCode = await runClient(process.argv);
