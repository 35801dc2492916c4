import type { Comment } from "./token.ts";

const BANNER = /^[-*=_#\s]+$/;

/** What comments say, a string a line: without slashes, stars, banners, and the indentation they share. */
export function commentText(comments: readonly Comment[]): string[] {
  const lines: string[] = [];
  for (const comment of comments) {
    if (lines.length > 0 && comment.line !== comment.endLine) lines.push("");
    lines.push(...linesOf(comment.text));
  }
  return lines;
}

function linesOf(text: string): string[] {
  const [first = "", ...rest] = text
    .slice(2, -2)
    .split(/\r?\n/)
    .map((line) => line.trimEnd());
  const body = rest.filter((line) => line !== "");
  const starred = body.length > 0 && body.every((line) => /^\s*\*/.test(line));
  const unstarred = starred ? rest.map((line) => line.replace(/^\s*\* ?/, "")) : dedent(rest);
  const lines = [first.replace(/^\**\s*/, ""), ...unstarred].map((line) => (BANNER.test(line) ? "" : line));
  while (lines.length > 0 && lines[0] === "") lines.shift();
  while (lines.length > 0 && lines.at(-1) === "") lines.pop();
  return lines;
}

function dedent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line !== "").map((line) => line.length - line.trimStart().length);
  const shared = Math.min(...indents);
  return lines.map((line) => line.slice(shared));
}
