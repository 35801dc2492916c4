import type { Source, Span } from "./source.ts";

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
 * `message` is the whole report, as {@link formatDiagnostic} makes it.
 */
export class RpcgenError extends Error {
  override readonly name: string = "RpcgenError";
  readonly source: Source;
  readonly diagnostics: readonly Diagnostic[];

  constructor(source: Source, diagnostics: readonly Diagnostic[]) {
    const sorted = [...diagnostics].sort((a, b) => a.span.start - b.span.start);
    super(sorted.map((diagnostic) => formatDiagnostic(source, diagnostic)).join("\n\n"));
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
  const text = source.line(line);
  const before = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const length = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
  return `${source.name}:${line}:${column}: ${message}\n${text}\n${before}${"^".repeat(length)}`;
}
