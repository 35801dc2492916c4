import type { Doc } from "./ast.ts";
import type { Comment } from "./token.ts";

const BANNER = /^[-*=_#\s]+$/;

/** What comments say, a string a line: without slashes, stars, banners, and the indentation they share. */
export function commentText(comments: readonly Comment[]): string[] {
  const lines: string[] = [];
  for (const [index, comment] of comments.entries()) {
    const before = comments[index - 1];
    const isApart =
      before !== undefined && (comment.line > before.endLine + 1 || comment.line < comment.endLine);
    if (isApart) lines.push("");
    for (const line of linesOf(comment.text)) lines.push(line);
  }
  return lines;
}

/** What comments at different places of one definition say, a paragraph each. */
export function paragraphs(...docs: Doc[]): Doc {
  return docs.filter((doc) => doc.length > 0).flatMap((doc, index) => (index === 0 ? doc : ["", ...doc]));
}

function linesOf(text: string): string[] {
  const [first = "", ...rest] = text
    .slice(2, -2)
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:\s{2,}\*+)?\s*$/, ""));
  const body = rest.filter((line) => line !== "");
  const starred = body.length > 0 && body.every((line) => /^\s*\*/.test(line));
  const unstarred = starred ? rest.map((line) => line.replace(/^\s*\* ?/, "")) : dedent(rest);
  const lines = [first.replace(/^\**\s*/, ""), ...unstarred].map((line) => (BANNER.test(line) ? "" : line));
  const isWanted = (line: string, index: number): boolean => line !== "" || (lines[index - 1] ?? "") !== "";
  const wanted = lines.filter(isWanted);
  return wanted.at(-1) === "" ? wanted.slice(0, -1) : wanted;
}

function dedent(lines: readonly string[]): string[] {
  let shared = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    if (line !== "") shared = Math.min(shared, line.length - line.trimStart().length);
  }
  return lines.map((line) => line.slice(shared));
}
