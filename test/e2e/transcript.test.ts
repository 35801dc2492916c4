// test-limit-ms: 180000
/**
 * The user's transcript, word for word: three servers from `bin/`, a key put on one and read from another, a server
 * killed, the key read again at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/eventually.ts";
import { freePorts } from "../support/free-ports.ts";
import { enterNamespaces } from "../support/namespaces.ts";
import { Shell } from "../support/shell.ts";

const START = `
$ kv_server --id=1 --port=9001 --peers=localhost:9002,localhost:9003 &
$ kv_server --id=2 --port=9002 --peers=localhost:9001,localhost:9003 &
$ kv_server --id=3 --port=9003 --peers=localhost:9001,localhost:9002 &
`;
const PUT = `
$ kv_client --server=localhost:9001 put mykey "Hello World"
OK (replicated to 3 nodes)
`;
const GET = `
$ kv_client --server=localhost:9002 get mykey
Hello World
`;

const place = enterNamespaces();
/** The ports are the user's own where the machine has a network for the test alone. */
const ports = place === "inside" ? [9001, 9002, 9003] : await freePorts(3);

/** A shell in a directory of its own, which the test may leave and come back to. */
async function inShell(directory: string, test: (terminal: Terminal) => Promise<void>): Promise<void> {
  const terminal = new Terminal(directory);
  try {
    await test(terminal);
  } catch (error) {
    throw new Error(`${(error as Error).stack}\nThe servers said:\n${terminal.shell.stderr}`);
  } finally {
    await terminal.shell.end("KILL");
  }
}

class Terminal {
  readonly shell: Shell;

  constructor(directory: string) {
    this.shell = new Shell(directory);
  }

  /** Types the commands of a transcript, and compares what they print with what stands there. */
  async follow(transcript: string): Promise<void> {
    let seen = "\n";
    const expected = withPorts(transcript);
    for (const line of expected.split("\n").filter((one) => one.startsWith("$ "))) {
      seen += `${line}\n${await this.shell.run(line.slice(2))}`;
    }
    assert.is(seen, expected);
  }

  /** A user does not begin to type before the servers have said that they are up. */
  async untilUp(): Promise<void> {
    await eventually("a leader and two followers", () => {
      const followers = this.shell.stderr.match(/following server/g)?.length ?? 0;
      return this.shell.stderr.includes("elected leader") && followers >= 2 ? true : undefined;
    });
  }

  async start(): Promise<void> {
    await this.follow(START);
    await this.untilUp();
  }
}

function withPorts(transcript: string): string {
  return transcript.replace(/900([123])/g, (_, n: string) => String(ports[Number(n) - 1]));
}

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sundial-"));
  try {
    await test(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

for (const kill of ["kill", "kill -9"]) {
  test(`three servers, a put, a get, ${kill} %1, and the same get again at once`, () =>
    inDirectory((directory) =>
      inShell(directory, async (terminal) => {
        await terminal.start();
        await terminal.follow(PUT + GET.trimStart());
        await terminal.follow(`\n$ ${kill} %1${GET}`);
      }),
    ));
}

test("the servers come back on the same data directories as the cluster they were", () =>
  inDirectory(async (directory) => {
    await inShell(directory, async (terminal) => {
      await terminal.start();
      await terminal.follow(PUT);
      await terminal.shell.end("TERM");
    });
    await inShell(directory, async (terminal) => {
      await terminal.start();
      await terminal.follow(GET);
      assert.not.match(terminal.shell.stderr, /cluster formed/);
      assert.match(
        terminal.shell.stderr,
        /server 1: back in the cluster: 1@localhost:\d+, 2@localhost:\d+, 3@/,
      );
      await terminal.follow(`\n$ kill -9 %1${GET}`);
    });
    // This time nobody had the time to write anything down.
    await inShell(directory, async (terminal) => {
      await terminal.start();
      await terminal.follow(GET);
    });
  }));

for (const killed of [1, 2, 3]) {
  const other = (killed % 3) + 1;
  const third = (other % 3) + 1;
  test(`server ${killed} is killed: the others read and write without it, and say that it is missing`, () =>
    inDirectory((directory) =>
      inShell(directory, async (terminal) => {
        await terminal.start();
        await terminal.follow(`${PUT}$ kill -9 %${killed}
$ kv_client --server=localhost:900${other} get mykey
Hello World
$ kv_client --server=localhost:900${third} get mykey
Hello World
$ kv_client --server=localhost:900${other} put mykey "Hello again"
OK (replicated to 2 of 3 nodes)
$ kv_client --server=localhost:900${third} get mykey
Hello again
`);
      }),
    ));
}

if (place !== "outside") test.run();
