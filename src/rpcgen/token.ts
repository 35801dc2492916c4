import type { Span } from "./source.ts";

/** The keywords of RFC 4506 §6.4 (1). */
const XDR_KEYWORDS = [
  "bool",
  "case",
  "const",
  "default",
  "double",
  "enum",
  "float",
  "hyper",
  "int",
  "opaque",
  "quadruple",
  "string",
  "struct",
  "switch",
  "typedef",
  "union",
  "unsigned",
  "void",
] as const;

/** What RFC 5531 §12.3 (1) adds to them. */
const RPC_KEYWORDS = ["program", "version"] as const;

const PUNCTUATION = ["{", "}", "(", ")", "[", "]", "<", ">", "*", ",", ";", ":", "="] as const;

export type Keyword = (typeof XDR_KEYWORDS)[number] | (typeof RPC_KEYWORDS)[number];
export type Punctuation = (typeof PUNCTUATION)[number];

/** A keyword or punctuation mark is its own kind. */
export type TokenKind = Keyword | Punctuation | "identifier" | "number" | "end of file";

/** A comment as it stands in the source, with its slashes and stars. */
export interface Comment {
  readonly span: Span;
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
  readonly column: number;
}

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly span: Span;
  readonly line: number;
  readonly column: number;
  /** The comments between the token before this one and this one. */
  readonly comments: readonly Comment[];
}

const keywords: ReadonlySet<string> = new Set([...XDR_KEYWORDS, ...RPC_KEYWORDS]);
const punctuation: ReadonlySet<string> = new Set(PUNCTUATION);

export function isKeyword(text: string): text is Keyword {
  return keywords.has(text);
}

export function isPunctuation(text: string): text is Punctuation {
  return punctuation.has(text);
}

/** The section that reserves a keyword, for error texts. */
export function reservedBy(keyword: Keyword): string {
  return keyword === "program" || keyword === "version" ? "RFC 5531 §12.3" : "RFC 4506 §6.4";
}
