/**
 * Every contract of ours is one that stock rpcgen takes: no C programmer needs a tool of ours.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { compileGenerated, missingCPackages, rpcgen } from "../support/stock-rpcgen.ts";

const IDL = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "idl");
const CONTRACTS = readdirSync(IDL).filter((name) => name.endsWith(".x"));

/** rpc.x declares what libtirpc's own headers declare, too, so that its C cannot be compiled beside them. */
const DECLARED_BY_LIBTIRPC: readonly string[] = ["rpc.x", "rpcbind.x"];

test("there are contracts", () => {
  assert.ok(CONTRACTS.includes("kv.x"));
  assert.ok(CONTRACTS.includes("raft.x"));
});

for (const name of CONTRACTS) {
  testThatNeeds(
    lackOf(missingCPackages()),
    `stock rpcgen takes idl/${name}, and gcc what comes of it`,
    () => {
      const directory = scratchDirectory();
      const { xdr, client, dispatch } = rpcgen(join(IDL, name), directory);
      if (DECLARED_BY_LIBTIRPC.includes(name)) return;
      assert.is(compileGenerated([xdr, client, dispatch], directory).length, 3);
    },
  );
}

test.run();
