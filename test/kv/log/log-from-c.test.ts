/**
 * The log is XDR from its first byte: a C program made of idl/log.x by stock rpcgen reads it.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Log } from "../../../src/kv/log/log.ts";
import { RealDisk } from "../../../src/kv/real-disk.ts";
import { lackOf, testThatNeeds } from "../../support/needs.ts";
import { runProgram } from "../../support/program.ts";
import { scratchDirectory } from "../../support/scratch-directory.ts";
import { compileGenerated, compileProgram, missingCPackages, rpcgen } from "../../support/stock-rpcgen.ts";
import { Driver, entries, hardState } from "./log-harness.ts";

const IDL = fileURLToPath(new URL("../../../idl/log.x", import.meta.url));
const PROGRAM = fileURLToPath(new URL("log-dump.c", import.meta.url));

testThatNeeds(
  lackOf(missingCPackages()),
  "a reader from stock rpcgen prints a log of several segments",
  async () => {
    const build = scratchDirectory();
    const program = compileProgram(PROGRAM, compileGenerated([rpcgen(IDL, build).xdr], build), build);

    const directory = scratchDirectory();
    const disk = await RealDisk.open(directory);
    const random = { identifier: () => 4711, bytes: (count: number) => new Uint8Array(count) };
    const driver = new Driver(await Log.open(disk, { random, segmentBytes: 4096 }));
    await driver.append(entries(1, 2, 1, "first"), hardState(1, 3, 0));
    await driver.append(entries(3, 3, 2, "x".repeat(3000)), hardState(2, 0, 2));
    await driver.append(entries(4, 4, 2, "y".repeat(2000)));
    await driver.append(entries(4, 4, 3, "in its place"), hardState(3, 2, 3));
    await driver.log.close();
    await disk.close();

    const segments = readdirSync(directory).filter((name) => name.endsWith(".log"));
    const { exitCode, stdout, stderr } = await runProgram(
      program,
      segments.sort().map((name) => join(directory, name)),
    );
    const expected = [
      "segment 1 after entry 0",
      "entry 1 term 1 kind 1 first",
      "entry 2 term 1 kind 1 first",
      "term 1 vote 3 commit 0",
      `entry 3 term 2 kind 1 ${"x".repeat(3000)}`,
      "term 2 vote 0 commit 2",
      "segment 2 after entry 3",
      `entry 4 term 2 kind 1 ${"y".repeat(2000)}`,
      "entry 4 term 3 kind 1 in its place",
      "term 3 vote 2 commit 3",
      "",
    ];
    assert.is(stderr, "");
    assert.equal(stdout.split("\n"), expected);
    assert.is(exitCode, 0);
  },
);

test.run();
