/**
 * rpcinfo, the tool that every administrator of RPC services has, sees a kv_server as it sees any other.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_PROGRAM } from "../../src/kv/gen/kv.ts";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { isInstalled, type ProgramResult, runProgram } from "../support/program.ts";
import { withCluster } from "../support/real-cluster.ts";

/** Debian has it where only root looks. */
const PATHS = ["rpcinfo", "/usr/sbin/rpcinfo", "/sbin/rpcinfo"];
const RPCINFO = PATHS.find((path) => isInstalled("sh", ["-c", `command -v ${path}`]));
const MISSING = RPCINFO === undefined ? ["rpcbind"] : [];

type RpcInfo = (...programAndVersion: number[]) => Promise<ProgramResult>;

/** A port of this machine as a universal address (RFC 5665 §5.2.3.3): its two bytes come last. */
function universalAddress(port: number): string {
  return `127.0.0.1.${port >> 8}.${port & 0xff}`;
}

/** Lets `run` ask a kv_server. */
function askServer(run: (rpcinfo: RpcInfo) => Promise<void>): Promise<void> {
  return withCluster({ size: 1 }, ({ servers }) => {
    const flags = ["-a", universalAddress(servers[0]!.port), "-T", "tcp"];
    return run((...numbers) => runProgram(RPCINFO!, [...flags, ...numbers.map(String)]));
  });
}

testThatNeeds(lackOf(MISSING), "rpcinfo finds version 1 of the KV program ready", async () => {
  await askServer(async (rpcinfo) => {
    const { exitCode, stdout } = await rpcinfo(KV_PROGRAM, 1);
    assert.is(stdout, `program ${KV_PROGRAM} version 1 ready and waiting\n`);
    assert.is(exitCode, 0);
  });
});

testThatNeeds(
  lackOf(MISSING),
  "rpcinfo learns from PROG_MISMATCH which versions there are (RFC 5531 §9)",
  async () => {
    await askServer(async (rpcinfo) => {
      // Without a version it calls one that nobody has, and then each in the range that the answer names.
      const all = await rpcinfo(KV_PROGRAM);
      assert.is(all.stdout, `program ${KV_PROGRAM} version 1 ready and waiting\n`);
      const wrong = await rpcinfo(KV_PROGRAM, 7);
      assert.match(wrong.stderr, /Program\/version mismatch; low version = 1, high version = 1/);
      assert.is(wrong.exitCode, 1);
    });
  },
);

testThatNeeds(
  lackOf(MISSING),
  "rpcinfo is told that a program is not there (RFC 5531 §9: PROG_UNAVAIL)",
  async () => {
    await askServer(async (rpcinfo) => {
      const { exitCode, stderr } = await rpcinfo(536_999_999, 1);
      assert.match(stderr, /Program unavailable/);
      assert.is(exitCode, 1);
    });
  },
);

test.run();
