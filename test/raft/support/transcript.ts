import { readFileSync, writeFileSync } from "node:fs";
import type { RaftModule } from "./raft-module.ts";
import { Stage } from "./stage.ts";

/**
 * Plays a transcript: text for people, in which a line that begins with `> ` is a command, and the lines behind it,
 * up to the next command or empty line, are what came of it. Returns the text as it should be.
 */
export function playTranscript(text: string, module?: RaftModule): string {
  const stage = new Stage(module);
  const played: string[] = [];
  let isOutput = false;
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith("> ")) {
      played.push(line, ...stage.perform(line.slice(2)));
      isOutput = true;
    } else {
      if (line === "") isOutput = false;
      if (!isOutput) played.push(line);
    }
  }
  return `${played.join("\n")}\n`;
}

/** Plays the transcript in a file; with `rewrite`, the file then says what came of it. */
export function playFile(
  path: string,
  rewrite: boolean,
): { readonly written: string; readonly played: string } {
  const written = readFileSync(path, "utf8");
  const played = playTranscript(written);
  if (rewrite && played !== written) writeFileSync(path, played);
  return { written: rewrite ? played : written, played };
}
