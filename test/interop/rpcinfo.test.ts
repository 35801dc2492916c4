/**
 * rpcinfo, the tool that every administrator of RPC services has, sees a kv_server as it sees any other.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_PROGRAM } from "../../src/kv/gen/kv.ts";
import { interopTest } from "../support/interop.ts";
import { type KvServerProcess, withKvServer } from "../support/kv-server-process.ts";
import { isInstalled, type ProgramResult, runProgram } from "../support/program.ts";

/** Debian has it where only root looks. */
const PATHS = ["rpcinfo", "/usr/sbin/rpcinfo", "/sbin/rpcinfo"];
const RPCINFO = PATHS.find((path) => isInstalled("sh", ["-c", `command -v ${path}`]));
const MISSING = RPCINFO === undefined ? ["rpcbind"] : [];

/** `host` and `port` as a universal address (RFC 5665 §5.2.3.3): the port's two bytes come last. */
function universalAddress({ host, port }: KvServerProcess): string {
  return `${host}.${port >> 8}.${port & 0xff}`;
}

function rpcinfo(server: KvServerProcess, ...programAndVersion: number[]): Promise<ProgramResult> {
  const numbers = programAndVersion.map(String);
  return runProgram(RPCINFO!, ["-a", universalAddress(server), "-T", "tcp", ...numbers]);
}

interopTest("rpcinfo finds version 1 of the KV program ready", MISSING, async () => {
  await withKvServer(async (server) => {
    const { exitCode, stdout } = await rpcinfo(server, KV_PROGRAM, 1);
    assert.is(stdout, `program ${KV_PROGRAM} version 1 ready and waiting\n`);
    assert.is(exitCode, 0);
  });
});

interopTest("rpcinfo learns from PROG_MISMATCH which versions there are (RFC 5531 §9)", MISSING, async () => {
  await withKvServer(async (server) => {
    // Without a version it calls one that nobody has, and then each in the range that the answer names.
    const all = await rpcinfo(server, KV_PROGRAM);
    assert.is(all.stdout, `program ${KV_PROGRAM} version 1 ready and waiting\n`);
    const wrong = await rpcinfo(server, KV_PROGRAM, 7);
    assert.match(wrong.stderr, /Program\/version mismatch; low version = 1, high version = 1/);
    assert.is(wrong.exitCode, 1);
  });
});

interopTest("rpcinfo is told that a program is not there (RFC 5531 §9: PROG_UNAVAIL)", MISSING, async () => {
  await withKvServer(async (server) => {
    const { exitCode, stderr } = await rpcinfo(server, 536_999_999, 1);
    assert.match(stderr, /Program unavailable/);
    assert.is(exitCode, 1);
  });
});

test.run();
