/** What the tests of the compiler share. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CompileOptions,
  compile,
  type Diagnostic,
  RpcgenError,
  Source,
} from "../../src/rpcgen/index.ts";
import type { Model } from "../../src/rpcgen/model.ts";
import { parse } from "../../src/rpcgen/parser.ts";
import { resolve } from "../../src/rpcgen/resolver.ts";

export const ROOT: string = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The report on a file that has errors; empty for one that has none. */
export function errorsOf(text: string): string {
  try {
    compile(new Source(text, "test.x"));
    return "";
  } catch (error) {
    if (!(error instanceof RpcgenError)) throw error;
    return error.message;
  }
}

/** The code without its head: neither the line that says where it is from nor imports. */
export function codeOf(text: string, options?: CompileOptions): string {
  const code = compile(new Source(text, "test.x"), options);
  return code
    .replace(/^\/\/ Generated.*\n/, "")
    .replace(/^import [^;]*;\n/gm, "")
    .trim();
}

/** Part of the code: from the line that begins with `start` to the next blank line. */
export function partOf(text: string, start: string, options?: CompileOptions): string {
  const code = `${codeOf(text, options)}\n\n`;
  const at = code.indexOf(`\n${start}`);
  if (at === -1) throw new Error(`no line begins with ${start} in\n${code}`);
  return code.slice(at + 1, code.indexOf("\n\n", at));
}

/** The resolved model of a file without errors. */
export function modelOf(text: string): Model {
  const diagnostics: Diagnostic[] = [];
  const model = resolve(parse(new Source(text, "test.x"), diagnostics), diagnostics);
  if (diagnostics.length > 0) throw new Error(diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return model;
}

export function readGolden(file: string): string {
  return readFileSync(join(ROOT, "test", "golden", file), "utf8");
}

/** A template of several lines, without the line break at its beginning and the indentation that its lines share. */
export function lines(strings: TemplateStringsArray): string {
  const text = strings.raw.join("").replace(/^\n/, "").replace(/\n *$/, "");
  const indents = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length);
  return text.replace(new RegExp(`^ {${Math.min(...indents)}}`, "gm"), "");
}
