import type { Diagnostic } from "./errors.ts";
import type { Source } from "./source.ts";
import { type Comment, isKeyword, isPunctuation, type Token, type TokenKind } from "./token.ts";

const WHITE_SPACE = /[ \t\r\n\f\v]+/y;
const COMMENT = /\/\*.*?\*\//sy;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Takes the letters behind a number too, so that `12ab` is one mistake and not two tokens. */
const NUMBER_LIKE = /-?[0-9][A-Za-z0-9_]*/y;
const NUMBER = /^-?(?:0[xX][0-9A-Fa-f]+|0[0-7]*|[1-9][0-9]*)$/;
const PASSTHROUGH = /%.*/y;

/**
 * Splits a `.x` file into tokens (RFC 4506 §6.2).
 *
 * Comments hang on the token that follows them. Lines that begin with `%`, which rpcgen copies to its C output,
 * are dropped. What is no token goes to `diagnostics`, and reading goes on behind it.
 */
export function tokenize(source: Source, diagnostics: Diagnostic[]): Token[] {
  return new Lexer(source, diagnostics).tokens();
}

class Lexer {
  private readonly source: Source;
  private readonly text: string;
  private readonly diagnostics: Diagnostic[];
  private offset = 0;
  private comments: Comment[] = [];

  constructor(source: Source, diagnostics: Diagnostic[]) {
    this.source = source;
    this.text = source.text;
    this.diagnostics = diagnostics;
  }

  tokens(): Token[] {
    const tokens: Token[] = [];
    while (this.offset < this.text.length) {
      const token = this.next();
      if (token !== undefined) tokens.push(token);
    }
    tokens.push(this.token("end of file", ""));
    return tokens;
  }

  /** The token at `offset`; undefined when something else is there, which is then behind. */
  private next(): Token | undefined {
    if (this.take(WHITE_SPACE) !== undefined || this.comment()) return undefined;
    if (this.atLineStart() && this.take(PASSTHROUGH) !== undefined) return undefined;

    const word = this.take(WORD);
    if (word !== undefined) return this.token(isKeyword(word) ? word : "identifier", word);

    const number = this.take(NUMBER_LIKE);
    if (number !== undefined) return this.number(number);

    const mark = this.text.charAt(this.offset);
    if (!isPunctuation(mark)) return this.unexpected();
    this.offset += 1;
    return this.token(mark, mark);
  }

  private comment(): boolean {
    const start = this.offset;
    const text = this.take(COMMENT);
    if (text === undefined) return false;
    const { line, column } = this.source.position(start);
    const endLine = this.source.position(this.offset).line;
    this.comments.push({ text, line, column, endLine, span: { start, end: this.offset } });
    return true;
  }

  private number(text: string): Token {
    if (!NUMBER.test(text)) {
      const octal = /^-?0[0-9]+$/.test(text);
      this.error(octal ? `"${text}" is not an octal number` : `"${text}" is not a number`, text.length);
      return this.token("number", "0", text.length);
    }
    return this.token("number", text);
  }

  private unexpected(): undefined {
    if (this.text.startsWith("/*", this.offset)) {
      this.offset += 2;
      this.error("this comment has no end", 2);
      this.offset = this.text.length;
      return undefined;
    }
    const character = String.fromCodePoint(this.text.codePointAt(this.offset)!);
    this.offset += character.length;
    if (character === "#" && this.atLineStart(character.length)) {
      this.error("preprocessor lines are not understood", 1);
      this.take(/.*/y);
      return undefined;
    }
    this.error(`unexpected character ${JSON.stringify(character)}`, character.length);
    return undefined;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.offset = pattern.lastIndex;
    return found[0];
  }

  /** Whether only blanks stand between the start of the line and `offset`, or `back` characters before it. */
  private atLineStart(back = 0): boolean {
    for (let at = this.offset - back - 1; at >= 0; at--) {
      const character = this.text[at];
      if (character === "\n") return true;
      if (character !== " " && character !== "\t") return false;
    }
    return true;
  }

  /** A token that ends at `offset`. */
  private token(kind: TokenKind, text: string, length = text.length): Token {
    const start = this.offset - length;
    const { line, column } = this.source.position(start);
    const token = { kind, text, line, column, span: { start, end: this.offset }, comments: this.comments };
    this.comments = [];
    return token;
  }

  /** An error in the `length` characters before `offset`. */
  private error(message: string, length: number): void {
    this.diagnostics.push({ message, span: { start: this.offset - length, end: this.offset } });
  }
}
