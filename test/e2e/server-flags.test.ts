/**
 * Each wrong flag of kv_server: one line that says what is wrong and what can be given, and exit code 2. Nothing is
 * made on the disk, and nothing listens.
 */
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { KV_SERVER, type Outcome, run } from "../support/child-programs.ts";

const EXIT_USAGE = 2;
const HELP = "(kv_server --help shows what can be given)";

/** Runs kv_server with flags that it must refuse, in an empty directory that must stay so. */
async function refused(flags: readonly string[]): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), "sundial-"));
  try {
    const outcome = await kvServer(flags, cwd);
    assert.is(outcome.code, EXIT_USAGE, outcome.stderr);
    assert.is(outcome.stdout, "");
    assert.match(outcome.stderr, /^kv_server: .*\n$/, "it is not one line");
    assert.equal(readdirSync(cwd), []);
    return outcome.stderr.slice("kv_server: ".length).trimEnd();
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function kvServer(flags: readonly string[], cwd: string): Promise<Outcome> {
  return run([process.execPath, KV_SERVER, ...flags], { cwd });
}

const VALID = ["--id=1", "--port=9001"];
const ID_RANGE = "It must be a whole number from 1 to 999999999.";
const PORT_RANGE = "It must be a whole number from 1 to 65535.";

/** What is wrong, the flags, and what kv_server says to them. */
const REFUSALS: readonly (readonly [string, readonly string[], string])[] = [
  ["no --id", ["--port=9001"], `required option '--id <number>' not specified ${HELP}`],
  ["no --port", ["--id=1"], `required option '--port <number>' not specified ${HELP}`],
  ["id 0", ["--id=0", "--port=9001"], `option '--id <number>' argument '0' is invalid. ${ID_RANGE} ${HELP}`],
  [
    "a negative id",
    ["--id=-1", "--port=9001"],
    `option '--id <number>' argument '-1' is invalid. ${ID_RANGE} ${HELP}`,
  ],
  [
    "a fractional id",
    ["--id=1.5", "--port=9001"],
    `option '--id <number>' argument '1.5' is invalid. ${ID_RANGE} ${HELP}`,
  ],
  [
    "port 0",
    ["--id=1", "--port=0"],
    `option '--port <number>' argument '0' is invalid. ${PORT_RANGE} ${HELP}`,
  ],
  [
    "port 65536",
    ["--id=1", "--port=65536"],
    `option '--port <number>' argument '65536' is invalid. ${PORT_RANGE} ${HELP}`,
  ],
  [
    "a port that is no number",
    ["--id=1", "--port=abc"],
    `option '--port <number>' argument 'abc' is invalid. ${PORT_RANGE} ${HELP}`,
  ],
  ["an unknown flag", [...VALID, "--colour=red"], `unknown option '--colour=red' ${HELP}`],
  [
    "a flag that is spelt wrong",
    [...VALID, "--peer", "localhost:9002"],
    `unknown option '--peer' (Did you mean --peers?) ${HELP}`,
  ],
  [
    "an argument that is no flag",
    [...VALID, "9002"],
    `too many arguments. Expected 0 arguments but got 1. ${HELP}`,
  ],
  [
    "a peer without a port",
    [...VALID, "--peers=localhost"],
    `--peers=localhost: address "localhost": the port is missing, as in localhost:9001`,
  ],
  [
    "a peer without a host",
    [...VALID, "--peers=:9002"],
    `--peers=:9002: address ":9002": the host is missing`,
  ],
  [
    "a peer with port 0",
    [...VALID, "--peers=db:0"],
    `--peers=db:0: address "db:0": port 0 cannot be reached`,
  ],
  [
    "a peer with port 65536",
    [...VALID, "--peers=db:65536"],
    `--peers=db:65536: address "db:65536": port "65536" is not a number between 0 and 65535`,
  ],
  ["an empty peer", [...VALID, "--peers=db:1,,db:2"], `--peers=db:1,,db:2: address "": the host is missing`],
  ["a peer named twice", [...VALID, "--peers=db:1,db:1"], "--peers=db:1,db:1: db:1 is named twice"],
  [
    "an id given to two peers",
    [...VALID, "--peers=2@db:1,2@db:2"],
    "--peers=2@db:1,2@db:2: id 2 is named twice",
  ],
  [
    "ids for some peers only",
    [...VALID, "--peers=2@db:1,db:2"],
    "--peers=2@db:1,db:2: name the ids of all servers (2@host:port) or of none",
  ],
  [
    "a peer's id that is no number",
    [...VALID, "--peers=b@db:1"],
    `--peers=b@db:1: "b" is not a server id (1, 2, 3, …)`,
  ],
  ["a peer's id 0", [...VALID, "--peers=0@db:1"], `--peers=0@db:1: "0" is not a server id (1, 2, 3, …)`],
  [
    "an IPv6 peer without brackets",
    [...VALID, "--peers=::1:9002"],
    `--peers=::1:9002: address "::1:9002": write an IPv6 address in brackets, as in [::1]:9001`,
  ],
  [
    "its own address among the peers",
    [...VALID, "--peers=localhost:9001,localhost:9002"],
    "--peers: localhost:9001 is this server itself; name only the others",
  ],
  [
    "its own id among the peers",
    [...VALID, "--peers=1@localhost:9002"],
    "--peers: 1 is the --id of this server itself; name only the others",
  ],
  [
    "an election time-out below two heartbeats",
    [...VALID, "--election-timeout-ms=199"],
    "--election-timeout-ms=199 must be at least twice --heartbeat-ms=100",
  ],
  [
    "a heartbeat above half the election time-out",
    [...VALID, "--heartbeat-ms=501"],
    "--election-timeout-ms=1000 must be at least twice --heartbeat-ms=501",
  ],
  [
    "a host that others can reach",
    [...VALID, "--host=192.0.2.1"],
    "--host=192.0.2.1 can be reached from outside, and nothing is encrypted or authenticated; add --insecure if that is meant",
  ],
  [
    "all addresses of the machine",
    [...VALID, "--host=0.0.0.0", "--insecure"],
    "--host=0.0.0.0 is no address to be reached at; add --advertise=<host:port>",
  ],
  [
    "all IPv6 addresses of the machine",
    [...VALID, "--host=::", "--insecure"],
    "--host=:: is no address to be reached at; add --advertise=<host:port>",
  ],
  [
    "an address to advertise without a port",
    [...VALID, "--advertise=db"],
    `--advertise: address "db": the port is missing, as in localhost:9001`,
  ],
  [
    "an address to advertise with port 0",
    [...VALID, "--advertise=db:0"],
    `--advertise: address "db:0": port 0 cannot be reached`,
  ],
  [
    "values larger than the protocol has",
    [...VALID, "--max-value-bytes=1048577"],
    `option '--max-value-bytes <number>' argument '1048577' is invalid. It must be a whole number from 1 to 1048576. ${HELP}`,
  ],
  [
    "no connections",
    [...VALID, "--max-connections=0"],
    `option '--max-connections <number>' argument '0' is invalid. It must be a whole number from 1 to 65535. ${HELP}`,
  ],
  ["an empty data directory", [...VALID, "--data-dir="], "--data-dir is empty"],
];

for (const [what, flags, message] of REFUSALS) {
  test(`refused: ${what}`, async () => {
    assert.is(await refused(flags), message);
  });
}

test("refused: a data directory that is a file, lies below one, or is a link to nothing", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sundial-"));
  const file = join(directory, "file");
  writeFileSync(file, "mine");
  assert.is(
    await refused([...VALID, `--data-dir=${file}`]),
    `--data-dir=${file} is no directory; choose another one`,
  );
  assert.is(
    await refused([...VALID, `--data-dir=${file}/data`]),
    `--data-dir=${file}/data is no path: a part of it is no directory; choose another one`,
  );
  const link = join(directory, "link");
  symlinkSync("nowhere", link);
  assert.is(
    await refused([...VALID, `--data-dir=${link}`]),
    `--data-dir=${link} is no directory; choose another one`,
  );
  rmSync(directory, { recursive: true });
});

test("refused: a data directory in a file system that takes none", async () => {
  assert.is(
    await refused([...VALID, "--data-dir=/proc/sundial"]),
    "--data-dir=/proc/sundial cannot be made: the file system there takes no new directories; choose another one",
  );
});

test("refused: a data directory with a path too long for its lock", async () => {
  const directory = `/tmp/${"long/".repeat(19)}`;
  assert.is(
    await refused([...VALID, `--data-dir=${directory}`]),
    `--data-dir=${directory} is too long: it may have 93 bytes, since a Unix socket lies in it; give a shorter one, or a relative one`,
  );
});

test("--help names every flag and exit code; --version says which program this is; both end well", async () => {
  const help = await kvServer(["--help"], tmpdir());
  assert.is(help.code, 0);
  assert.is(help.stderr, "");
  const flags = [
    "id",
    "port",
    "peers",
    "host",
    "advertise",
    "data-dir",
    "heartbeat-ms",
    "election-timeout-ms",
  ];
  for (const flag of [...flags, "request-timeout-ms", "max-connections", "max-value-bytes", "insecure"]) {
    assert.match(help.stdout, new RegExp(`^  --${flag}\\b`, "m"));
  }
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7]) assert.match(help.stdout, new RegExp(`\\b${code} `));
  const version = await kvServer(["--version"], tmpdir());
  assert.is(version.code, 0);
  assert.match(version.stdout, /^sundial \d+\.\d+\.\d+\n$/);
});

test.run();
