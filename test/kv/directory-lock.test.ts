/** One process at a time uses a data directory, however many start on it at once. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DirectoryLock } from "../../src/kv/directory-lock.ts";
import { KvServerError } from "../../src/kv/server-error.ts";
import { run } from "../support/child-programs.ts";
import { failureOfClass } from "../support/failure.ts";

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "sundial-lock-"));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function acquire(directory: string): Promise<DirectoryLock> {
  const lock = new DirectoryLock(directory);
  await lock.acquire();
  return lock;
}

/** Leaves the socket of a process that was killed. */
async function leaveStaleSocket(directory: string): Promise<void> {
  const path = join(directory, "lock-0badcafe");
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  await run([process.execPath, "-e", script]);
}

test("a directory that is taken is refused, with the process id of the owner, until it is given back", () =>
  inDirectory(async (directory) => {
    const first = await acquire(directory);
    const error = await failureOfClass(KvServerError, acquire(directory));
    assert.is(error.code, "IN_USE");
    assert.is(
      error.message,
      `${directory} is in use by the server with process id ${process.pid}; stop that one, or give this one a --data-dir of its own`,
    );
    await first.release();
    assert.equal(readdirSync(directory), []);
    await (await acquire(directory)).release();
  }));

test("what a killed owner left behind is removed", () =>
  inDirectory(async (directory) => {
    await leaveStaleSocket(directory);
    assert.equal(readdirSync(directory), ["lock-0badcafe"]);
    const lock = await acquire(directory);
    assert.is(readdirSync(directory).length, 1);
    assert.not(readdirSync(directory).includes("lock-0badcafe"));
    await lock.release();
  }));

test("of many that want a directory at once, one gets it, also where its last owner was killed", async () => {
  for (let round = 0; round < 10; round++) {
    await inDirectory(async (directory) => {
      await leaveStaleSocket(directory);
      const locks = Array.from({ length: 6 }, () => new DirectoryLock(directory));
      const outcomes = await Promise.allSettled(locks.map((lock) => lock.acquire()));
      const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
      assert.is(winners.length, 1);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") assert.is(outcome.reason.code, "IN_USE");
      }
      for (const lock of locks) await lock.release();
    });
  }
});

test("an owner that was stopped, and says nothing, is an owner all the same", () =>
  inDirectory(async (directory) => {
    const mute = createServer().listen(join(directory, "lock-00000001"));
    const error = await failureOfClass(KvServerError, acquire(directory));
    assert.match(error.message, /in use by the server with process id unknown \(it does not answer\);/);
    await new Promise((resolve) => mute.close(resolve));
  }));

test("other files in the directory are left alone", () =>
  inDirectory(async (directory) => {
    await run(["touch", join(directory, "lock-me"), join(directory, "locks")]);
    await (await acquire(directory)).release();
    assert.equal(readdirSync(directory).sort(), ["lock-me", "locks"]);
  }));

test("a path that no socket can have is refused before anything is made", () => {
  const longest = `/${"d".repeat(92)}`;
  assert.instance(new DirectoryLock(longest), DirectoryLock);
  assert.throws(
    () => new DirectoryLock(`${longest}d`),
    (error: unknown) =>
      error instanceof KvServerError &&
      error.code === "USAGE" &&
      error.message.includes("is too long: it may have 93 bytes"),
  );
});

test.run();
