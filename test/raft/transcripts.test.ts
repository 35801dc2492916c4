import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { playFile } from "./support/transcript.ts";

/**
 * Stories of a small cluster, told in text files: see transcripts/README.md. `UPDATE=1` rewrites what came of each
 * command, to be read in the diff.
 */
const DIRECTORY = fileURLToPath(new URL("transcripts", import.meta.url));

for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith(".txt"))) {
  test(`the transcript ${file} plays as it is written`, () => {
    const { written, played } = playFile(join(DIRECTORY, file), process.env["UPDATE"] === "1");
    assert.fixture(played, written);
  });
}

test.run();
