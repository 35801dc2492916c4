import type { Source, Span } from "./source.ts";

/** How many errors a report shows. Whoever has more of them repairs these first. */
const SHOWN_MAX = 100;

/** How much of a line a report quotes. */
const COLUMNS_MAX = 120;
const CUT = "…";

/** A second place that explains an error, such as where a name was declared first. */
export interface RelatedPlace {
  readonly message: string;
  readonly span: Span;
}

/** One thing that is wrong with a `.x` file. */
export interface Diagnostic {
  readonly message: string;
  readonly span: Span;
  readonly related?: RelatedPlace;
}

/**
 * The errors of one `.x` file, all that were found, in the order of the file.
 * `message` is the report, as {@link formatDiagnostic} makes it, of the first hundred.
 */
export class RpcgenError extends Error {
  override readonly name: string = "RpcgenError";
  readonly source: Source;
  readonly diagnostics: readonly Diagnostic[];

  constructor(source: Source, diagnostics: readonly Diagnostic[]) {
    const sorted = [...diagnostics].sort((a, b) => a.span.start - b.span.start);
    const shown = sorted.slice(0, SHOWN_MAX).map((diagnostic) => formatDiagnostic(source, diagnostic));
    if (sorted.length > SHOWN_MAX) shown.push(`${source.name}: too many errors; the rest is not shown`);
    super(shown.join("\n\n"));
    this.source = source;
    this.diagnostics = sorted;
  }
}

/** `file:line:column: message`, the line, and a caret below the place; the same again for a related place. */
export function formatDiagnostic(source: Source, diagnostic: Diagnostic): string {
  const own = formatPlace(source, diagnostic.message, diagnostic.span);
  const related = diagnostic.related;
  return related === undefined ? own : `${own}\n${formatPlace(source, related.message, related.span)}`;
}

function formatPlace(source: Source, message: string, span: Span): string {
  const { line, column } = source.position(span.start);
  const { head, text, tail, at } = excerpt(source.line(line), column - 1);
  const before = (head + text.slice(0, at)).replace(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(span.end - span.start, text.length - at));
  const quoted = head + text + tail;
  return `${source.name}:${line}:${column}: ${message}\n${quoted}\n${before}${"^".repeat(length)}`;
}

interface Excerpt {
  /** Marks that the line begins further ahead, or empty. */
  readonly head: string;
  readonly text: string;
  /** Marks that the line goes on, or empty. */
  readonly tail: string;
  /** Where the character that was asked for is in `text`. */
  readonly at: number;
}

/** A line, or of a very long one what is around the character at `offset`. */
function excerpt(line: string, offset: number): Excerpt {
  const start = Math.max(0, Math.min(offset - COLUMNS_MAX / 2, line.length - COLUMNS_MAX));
  const end = start + COLUMNS_MAX;
  return {
    head: start > 0 ? CUT : "",
    text: line.slice(start, end),
    tail: end < line.length ? CUT : "",
    at: offset - start,
  };
}
