import type { Doc, Identifier } from "./ast.ts";
import { commentText } from "./comment-text.ts";
import type { Diagnostic } from "./errors.ts";
import type { Span } from "./source.ts";
import { type Comment, isKeyword, reservedBy, type Token, type TokenKind } from "./token.ts";

/** Thrown to leave the productions of a definition that cannot be understood; already reported. */
export class SyntaxFailure extends Error {}

const DEFINITION_STARTS: ReadonlySet<TokenKind> = new Set([
  "const",
  "enum",
  "program",
  "struct",
  "typedef",
  "union",
]);

/** Walks over the tokens, hands out the comments, and finds the next definition behind an error. */
export class TokenCursor {
  private readonly tokens: readonly Token[];
  private readonly diagnostics: Diagnostic[];
  private readonly claimed = new Set<Comment>();
  private index = 0;
  private braces = 0;

  constructor(tokens: readonly Token[], diagnostics: Diagnostic[]) {
    this.tokens = tokens;
    this.diagnostics = diagnostics;
  }

  get current(): Token {
    return this.tokens[this.index]!;
  }

  /** The token that was taken last; at the beginning, the first one. */
  get previous(): Token {
    return this.tokens[Math.max(0, this.index - 1)]!;
  }

  at(kind: TokenKind): boolean {
    return this.current.kind === kind;
  }

  advance(): Token {
    const token = this.current;
    if (token.kind !== "end of file") this.index += 1;
    if (token.kind === "{") this.braces += 1;
    if (token.kind === "}") this.braces -= 1;
    return token;
  }

  /** Whether a list in braces is over: with its brace, or because the file is. */
  atEndOfList(): boolean {
    return this.at("}") || this.at("end of file");
  }

  /** Takes the current token if it is of this kind. */
  take(kind: TokenKind): boolean {
    if (!this.at(kind)) return false;
    this.advance();
    return true;
  }

  expect(kind: TokenKind): Token {
    if (this.at(kind)) return this.advance();
    const { current, previous } = this;
    if (current.line === previous.line) this.failExpecting(JSON.stringify(kind));
    // What is missing at the end of a line is missing there, not where the next token happens to stand.
    const { end } = previous.span;
    this.fail(`expected ${JSON.stringify(kind)} before ${describe(current)}`, { start: end, end });
  }

  /** @param what  what the identifier names, for the error text: "a field", "a type" */
  expectIdentifier(what: string): Identifier {
    const { kind, text, span } = this.current;
    if (isKeyword(kind)) {
      this.fail(`"${text}" is a reserved word (${reservedBy(kind)}) and cannot name ${what}`, span);
    }
    if (kind !== "identifier") this.failExpecting(`the name of ${what}`);
    this.advance();
    return { text, span };
  }

  failExpecting(expected: string): never {
    this.fail(`expected ${expected}, found ${describe(this.current)}`, this.current.span);
  }

  fail(message: string, span: Span): never {
    this.report(message, span);
    throw new SyntaxFailure(message);
  }

  report(message: string, span: Span): void {
    this.diagnostics.push({ message, span });
  }

  /** Goes to where the next definition seems to begin: behind the `;` of this one, or at a keyword in column 1. */
  recover(): void {
    while (!this.at("end of file")) {
      if (DEFINITION_STARTS.has(this.current.kind) && this.current.column === 1) break;
      if (this.advance().kind === ";" && this.braces <= 0) break;
    }
    this.braces = 0;
  }

  /** The comments right before the current token, with no blank line between. */
  leadingDoc(): Doc {
    const { current } = this;
    const found: Comment[] = [];
    let line = current.line;
    for (const comment of [...current.comments].reverse()) {
      if (this.claimed.has(comment) || comment.endLine < line - 1) break;
      found.unshift(comment);
      line = comment.line;
    }
    return this.claim(found);
  }

  /** The comment behind the last token on its line, and those right below that begin in the same column. */
  trailingDoc(): Doc {
    const { current, previous } = this;
    const inside = previous.comments.filter((comment) => comment.endLine === previous.line);
    const found = inside.filter((comment) => !this.claimed.has(comment) && comment.line === previous.line);
    for (const comment of current.comments) {
      const last = found.at(-1);
      const begins = comment.line === previous.line;
      const continues =
        last !== undefined && comment.line === last.endLine + 1 && comment.column === last.column;
      if (this.claimed.has(comment) || current.line <= comment.endLine || !(begins || continues)) break;
      found.push(comment);
    }
    return this.claim(found);
  }

  /** The comments at the head of the file that no definition has claimed. */
  headDoc(): Doc {
    const first = this.tokens[0]!;
    return this.claim(first.comments.filter((comment) => !this.claimed.has(comment)));
  }

  private claim(comments: readonly Comment[]): Doc {
    for (const comment of comments) this.claimed.add(comment);
    return commentText(comments);
  }
}

function describe(token: Token): string {
  return token.kind === "end of file" ? "the end of the file" : JSON.stringify(token.text);
}
