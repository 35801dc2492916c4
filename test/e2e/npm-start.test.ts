// test-limit-ms: 180000
/**
 * `npm start`: what it prints is what a newcomer types next, so all of it is typed here. It wants the ports 9001 to
 * 9003, hence a network of its own.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, type RunningProgram, start } from "../support/child-programs.ts";
import { eventually } from "../support/eventually.ts";
import { enterNamespaces, NO_NAMESPACES } from "../support/namespaces.ts";
import { testThatNeeds } from "../support/needs.ts";
import { Shell } from "../support/shell.ts";

const place = enterNamespaces();
const lack = place === "unavailable" ? NO_NAMESPACES : undefined;

const CLUSTER = join(ROOT, "dist", "cli", "cluster.js");

async function withNpmStart(
  body: (program: RunningProgram, shell: Shell, directory: string) => Promise<void>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sundial-"));
  const program = start([process.execPath, CLUSTER], { cwd: directory });
  const shell = new Shell(directory);
  try {
    await body(program, shell, directory);
  } catch (error) {
    const said = `${program.stdout()}${program.stderr()}${shell.stderr}`;
    throw new Error(`${(error as Error).stack}\nnpm start said:\n${said}`);
  } finally {
    program.process.kill("SIGTERM");
    await program.ended;
    await shell.end("KILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

function untilSaid(program: RunningProgram, text: string): Promise<true> {
  return eventually(`npm start says "${text}"`, () =>
    program.stdout().includes(text) || program.stderr().includes(text) ? true : undefined,
  );
}

/** The commands that it proposes: the indented lines. */
function proposals(program: RunningProgram): string[] {
  const lines = program.stdout().split("\n");
  return lines.filter((line) => line.startsWith("  ")).map((line) => line.trim());
}

/** The processes that it started. */
function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
}

test("npm start is what package.json says it is", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.is(scripts.start, "node dist/cli/cluster.js");
});

testThatNeeds(lack, "npm start brings up three servers, and each command that it proposes works", () =>
  withNpmStart(async (program, shell) => {
    await untilSaid(program, "Ctrl-C stops all three.");
    const outputs: [string, string][] = [];
    for (const command of proposals(program)) outputs.push([command, await shell.run(command)]);
    const [put, get, kill, getAgain, status, help] = outputs;
    assert.match(put![0], /kv_client --server=localhost:9001 put mykey "Hello World"$/);
    assert.is(put![1], "OK (replicated to 3 nodes)\n");
    assert.is(get![1], "Hello World\n");
    assert.match(kill![0], /^kill -9 \d+/);
    assert.is(getAgain![1], "Hello World\n");
    assert.match(status![1], /^-\s+localhost:9001\s+down/m);
    assert.match(status![1], /^2\s+localhost:9002\s+(leader|follower)/m);
    assert.match(status![1], /^3\s+localhost:9003\s+(leader|follower)/m);
    assert.match(help![1], /^Usage: kv_client/);
    assert.is(outputs.length, 6);

    await untilSaid(program, "server 1 has ended (SIGKILL); the others go on. To start it again: ");
    const restart = /To start it again: (.*)$/m.exec(program.stderr())![1]!;
    await shell.run(`${restart} &`);
    await eventually("server 1 follows again", () =>
      /server 1: following server/.test(shell.stderr) ? true : undefined,
    );
    assert.is(await shell.run(put![0]), "OK (replicated to 3 nodes)\n");
  }),
);

testThatNeeds(lack, "Ctrl-C, which arrives more than once, stops all three servers in good order", () =>
  withNpmStart(async (program) => {
    await untilSaid(program, "Ctrl-C stops all three.");
    const servers = children(program.pid);
    assert.is(servers.length, 3);
    // A terminal sends it to each process of the job; npm passes it on besides.
    for (const pid of [...servers, program.pid, program.pid]) process.kill(pid, "SIGINT");
    process.kill(program.pid, "SIGINT");
    const { code, stderr } = await program.ended;
    assert.is(code, 0);
    for (const id of [1, 2, 3]) assert.match(stderr, new RegExp(`^server ${id}: stopped$`, "m"));
    for (const pid of servers) assert.throws(() => process.kill(pid, 0), /ESRCH/);
  }),
);

testThatNeeds(lack, "a second npm start says why it cannot start, and leaves the first one alone", () =>
  withNpmStart(async (first) => {
    await untilSaid(first, "Ctrl-C stops all three.");
    await withNpmStart(async (second) => {
      const { code, stdout, stderr } = await second.ended;
      assert.is(code, 1);
      assert.is(stdout, "");
      assert.is(
        stderr,
        "npm start: ports 9001 and 9002 and 9003 are in use, perhaps by another npm start; stop that first\n",
      );
    });
    assert.is(children(first.pid).length, 3);
  }),
);

testThatNeeds(lack, "when one server cannot start, npm start stops the others", () =>
  withNpmStart(async (program, _shell, directory) => {
    await untilSaid(program, "Ctrl-C stops all three.");
    program.process.kill("SIGINT");
    await program.ended;
    writeFileSync(join(directory, "kv_data", "server-3", "identity.json"), "{}");
    const again = start([process.execPath, CLUSTER], { cwd: directory });
    const { code, stdout, stderr } = await again.ended;
    assert.is(code, 1);
    assert.is(stdout, "");
    assert.match(stderr, /^server 3 could not start \(exit code 6\), so the others are stopped, too$/m);
  }),
);

if (place !== "outside") test.run();
