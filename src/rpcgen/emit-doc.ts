import type { Doc } from "./ast.ts";
import { hardLine, join, type Printable } from "./printable.ts";

const WIDTH = 110;

/** A comment of the `.x` file as TSDoc, followed by a line break; nothing when there is none. */
export function docComment(doc: Doc, indentColumns: number = 0): Printable {
  if (doc.length === 0) return "";
  const [only] = doc;
  if (doc.length === 1 && only !== undefined && indentColumns + only.length + "/**  */".length <= WIDTH) {
    return [`/** ${only} */`, hardLine];
  }
  const lines = doc.flatMap((text) => wrap(text, WIDTH - indentColumns - " * ".length));
  const starred = lines.map((text) => (text === "" ? " *" : ` * ${text}`));
  return [join(hardLine, ["/**", ...starred, " */"]), hardLine];
}

/** Breaks a line that is too long between words; the parts keep its indentation. */
function wrap(text: string, width: number): string[] {
  if (text.length <= width) return [text];
  const margin = text.slice(0, text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = margin;
  for (const word of text.trimStart().split(" ")) {
    const isEmpty = line === margin;
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = margin + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
