/**
 * tshark's dissector of ONC RPC, written by others from the RFCs, reads what goes over the wire between a client and
 * a kv_server, and finds nothing wrong with it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  KV_GET,
  KV_PROGRAM,
  KV_PUT,
  KvConsistency,
  type KvGetArgs,
  type KvPutArgs,
  KvV1Client,
  KvWhen,
} from "../../src/kv/gen/kv.ts";
import { RpcClient, type RpcClientOptions, tcpTransport } from "../../src/oncrpc/index.ts";
import { words } from "../support/bytes.ts";
import { lackOf, testThatNeeds } from "../support/needs.ts";
import { pcapOf } from "../support/pcap.ts";
import { isInstalled, runProgram } from "../support/program.ts";
import { RawPeer, record } from "../support/raw-peer.ts";
import { withCluster } from "../support/real-cluster.ts";
import { scratchDirectory } from "../support/scratch-directory.ts";
import { type PassedBytes, TcpProxy } from "../support/tcp-proxy.ts";

const MISSING = isInstalled("tshark", ["--version"]) ? [] : ["tshark"];
/** The port in the capture, whatever it was in truth. */
const PORT = 9001;

/** RFC 5531 §9. */
const CALL = 0;
const REPLY = 1;

/** Lets `run` talk to a kv_server. Returns what was said. */
async function listenIn(run: (proxy: TcpProxy) => Promise<void>): Promise<PassedBytes[]> {
  let passed: PassedBytes[] = [];
  await withCluster({ size: 1 }, async ({ servers }) => {
    const proxy = await TcpProxy.listen(servers[0]!.port);
    try {
      await run(proxy);
    } finally {
      await proxy.close();
    }
    passed = proxy.passed;
  });
  return passed;
}

async function tshark(passed: readonly PassedBytes[], args: readonly string[]): Promise<string[]> {
  const file = join(scratchDirectory(), "capture.pcap");
  writeFileSync(file, pcapOf(passed, PORT));
  const dissect = ["-d", `tcp.port==${PORT},rpc`, "-o", "rpc.dissect_unknown_programs:TRUE"];
  const { exitCode, stdout, stderr } = await runProgram("tshark", ["-n", "-r", file, ...dissect, ...args]);
  assert.is(exitCode, 0, stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

/** The values of fields, in the order of the messages. */
async function fieldsOf(
  passed: readonly PassedBytes[],
  filter: string,
  fields: readonly string[],
): Promise<string[][]> {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const lines = await tshark(passed, ["-Y", filter, "-T", "fields", ...wanted]);
  return lines.map((line) => line.split("\t"));
}

/** Some numbers are in tshark's tree twice, the second time as what the dissector makes of the first. */
function distinct(fields: readonly string[]): string[] {
  return fields.map((field) => [...new Set(field.split(","))].join());
}

/** What tshark finds malformed, or worth a warning. */
async function complaints(passed: readonly PassedBytes[]): Promise<string[]> {
  return tshark(passed, ["-Y", "_ws.malformed || _ws.expert.severity >= 0x600000", "-V"]);
}

async function withClient(
  proxy: TcpProxy,
  options: RpcClientOptions,
  run: (client: KvV1Client) => Promise<void>,
): Promise<void> {
  const rpc = new RpcClient(tcpTransport({ host: proxy.host, port: proxy.port }), options);
  try {
    await run(new KvV1Client(rpc));
  } finally {
    rpc.close();
  }
}

const PUT: KvPutArgs = {
  session: new Uint8Array(8),
  sequence: 0,
  key: Buffer.from("mykey"),
  value: Buffer.from("Hello World"),
  condition: { when: KvWhen.KV_ALWAYS },
};
const GET: KvGetArgs = { key: PUT.key, revision: 0, consistency: KvConsistency.KV_LINEARIZABLE };

testThatNeeds(lackOf(MISSING), "tshark reads calls and replies of KV_PUT and KV_GET", async () => {
  const passed = await listenIn((proxy) =>
    withClient(proxy, {}, async (client) => {
      await client.put(PUT);
      await client.get(GET);
    }),
  );
  assert.equal(await complaints(passed), []);
  const calls = await fieldsOf(passed, `rpc.msgtyp == ${CALL}`, [
    "rpc.version",
    "rpc.program",
    "rpc.programversion",
    "rpc.procedure",
  ]);
  assert.equal(calls.map(distinct), [
    ["2", String(KV_PROGRAM), "1", String(KV_PUT.proc)],
    ["2", String(KV_PROGRAM), "1", String(KV_GET.proc)],
  ]);
  const replies = await fieldsOf(passed, `rpc.msgtyp == ${REPLY}`, ["rpc.replystat", "rpc.state_accept"]);
  assert.equal(replies, [
    ["0", "0"],
    ["0", "0"],
  ]);
});

testThatNeeds(lackOf(MISSING), "tshark matches each of many pipelined replies with its call", async () => {
  const count = 100;
  const passed = await listenIn((proxy) =>
    withClient(proxy, {}, async (client) => {
      await client.put(PUT);
      await Promise.all(Array.from({ length: count }, () => client.get(GET)));
    }),
  );
  assert.equal(await complaints(passed), []);
  const all = (rows: readonly string[][]): string[] => rows.flatMap(([field = ""]) => field.split(","));
  const xids = async (type: number): Promise<string[]> =>
    all(await fieldsOf(passed, `rpc.msgtyp == ${type}`, ["rpc.xid"]));
  const [called, replied] = [await xids(CALL), await xids(REPLY)];
  assert.is(new Set(called).size, count + 1);
  assert.equal([...replied].sort(), [...called].sort());
});

testThatNeeds(lackOf(MISSING), "tshark reads the AUTH_SYS credential that a client claims", async () => {
  const credential = {
    flavor: "sys",
    stamp: 7,
    machineName: "workstation",
    uid: 1000,
    gid: 100,
    gids: [4, 24],
  } as const;
  const passed = await listenIn((proxy) => withClient(proxy, { credential }, (client) => client.null()));
  assert.equal(await complaints(passed), []);
  const [row] = await fieldsOf(passed, `rpc.msgtyp == ${CALL}`, [
    "rpc.auth.flavor",
    "rpc.auth.machinename",
    "rpc.auth.uid",
    "rpc.auth.gid",
  ]);
  assert.equal(row, ["1,0", "workstation", "1000", "100,4,24"]);
});

testThatNeeds(lackOf(MISSING), "tshark does complain about a call that is cut off", async () => {
  const cutOff = record(words(1, CALL, 2, KV_PROGRAM, 1, 0, 1, 400));
  assert.not.equal(await complaints([{ from: "client", bytes: cutOff }]), []);
});

testThatNeeds(lackOf(MISSING), "tshark reads every way in which a server refuses (RFC 5531 §9)", async () => {
  const call = (rpcvers: number, prog: number, vers: number, proc: number, flavor = 0): Uint8Array =>
    words(1, CALL, rpcvers, prog, vers, proc, flavor, 0, 0, 0);
  const refused = [
    call(2, KV_PROGRAM + 1, 1, 0),
    call(2, KV_PROGRAM, 9, 0),
    call(2, KV_PROGRAM, 1, 99),
    call(2, KV_PROGRAM, 1, KV_PUT.proc),
    call(3, KV_PROGRAM, 1, 0),
    call(2, KV_PROGRAM, 1, 0, 12_345),
  ];
  const passed = await listenIn(async (proxy) => {
    const peer = await RawPeer.connect({ host: proxy.host, port: proxy.port });
    for (const [i, message] of refused.entries()) {
      peer.send(record(message));
      await peer.receive(i + 1);
    }
    peer.destroy();
  });
  const replies = await fieldsOf(passed, `rpc.msgtyp == ${REPLY}`, [
    "rpc.replystat",
    "rpc.state_accept",
    "rpc.programversion.min",
    "rpc.programversion.max",
    "rpc.version.min",
    "rpc.version.max",
    "rpc.state_reject",
    "rpc.state_auth",
  ]);
  assert.equal(replies, [
    ["0", "1", "", "", "", "", "", ""],
    ["0", "2", "1", "1", "", "", "", ""],
    ["0", "3", "", "", "", "", "", ""],
    ["0", "4", "", "", "", "", "", ""],
    ["1", "", "", "", "2", "2", "0", ""],
    ["1", "", "", "", "", "", "1", "2"],
  ]);
});

test.run();
