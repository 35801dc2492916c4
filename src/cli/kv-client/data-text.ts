import { isUtf8 } from "node:buffer";
import { CommandFailure, ExitCode } from "../exit-codes.ts";

/** What Node makes of each byte of the command line that is not UTF-8: which one it was cannot be told. */
const REPLACEMENT = "\ufffd";

/**
 * A key or value as the user wrote it.
 * @throws CommandFailure USAGE for text that is not hex where it must be, or has lost some of its bytes
 */
export function parseData(text: string, isHex: boolean): Uint8Array {
  if (!isHex && text.includes(REPLACEMENT)) {
    throw new CommandFailure(
      ExitCode.USAGE,
      "a key or value on the command line must be UTF-8, without U+FFFD: write it in hex, with --hex, or give a value on standard input, with -",
    );
  }
  if (!isHex) return Buffer.from(text);
  if (/^([0-9a-fA-F]{2})*$/.test(text)) return Buffer.from(text, "hex");
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  throw new CommandFailure(
    ExitCode.USAGE,
    `"${shown}" is not hex: with --hex, write two digits 0-9 a-f for each byte`,
  );
}

/**
 * Text on one line: what would break the line or the terminal, or turn its direction, is written as in a C string
 * (`\n`, `\x1b`, `\\`); where the bytes are not UTF-8, so is each byte that is not ASCII.
 */
export function formatData(bytes: Buffer, isHex: boolean): string {
  if (isHex) return bytes.toString("hex");
  if (isUtf8(bytes)) return bytes.toString().replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\\]/gu, escaped);
  return bytes.toString("latin1").replace(/[^\x20-\x7e]|\\/g, escaped);
}

/** Whether a terminal can show the bytes as they are: UTF-8, and of all control characters only tabs and line ends. */
export function isPrintable(bytes: Buffer): boolean {
  return isUtf8(bytes) && !/[^\P{Cc}\t\n]/u.test(bytes.toString());
}

/** As fields of a JSON object: `{ key: "a" }` for text, `{ keyHex: "ff" }` for what is none, or where hex is wanted. */
export function jsonData(name: string, bytes: Buffer, isHex: boolean): Record<string, string> {
  return isHex || !isUtf8(bytes) ? { [`${name}Hex`]: bytes.toString("hex") } : { [name]: bytes.toString() };
}

/** As part of a message: a key in quotes, shortened where it is long. */
export function quoteData(bytes: Uint8Array, isHex: boolean): string {
  const text = formatData(Buffer.from(bytes), isHex);
  return `"${text.length > 80 ? `${text.slice(0, 80)}…` : text}"`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return (
    ESCAPES[character] ?? (code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`)
  );
}
