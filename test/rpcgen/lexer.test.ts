import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Diagnostic, Source } from "../../src/rpcgen/index.ts";
import { tokenize } from "../../src/rpcgen/lexer.ts";
import { errorsOf, lines } from "./support.ts";

/** `kind` for keywords and marks, `kind:text` for the rest. */
function tokensOf(text: string): string[] {
  const diagnostics: Diagnostic[] = [];
  const tokens = tokenize(new Source(text), diagnostics);
  assert.equal(diagnostics, []);
  return tokens.map(({ kind, text: word }) => (kind === word ? kind : `${kind}:${word}`));
}

test("RFC 4506 §6.4 (1): all eighteen keywords are keywords, and so are program and version of RFC 5531 §12.3", () => {
  const keywords =
    "bool case const default double quadruple enum float hyper int opaque string struct switch typedef union " +
    "unsigned void program version";
  assert.equal(tokensOf(keywords), [...keywords.split(" "), "end of file:"]);
});

test("RFC 4506 §6.2: an identifier is a letter, then letters, digits and underscores; case counts", () => {
  assert.equal(tokensOf("a A1_b Int __c"), [
    "identifier:a",
    "identifier:A1_b",
    "identifier:Int",
    "identifier:__c",
    "end of file:",
  ]);
});

test("RFC 4506 §6.2: a constant is decimal, hexadecimal after 0x, or octal after 0", () => {
  assert.equal(tokensOf("0 17 -17 0x1F 0XaB 017 -0x1"), [
    "number:0",
    "number:17",
    "number:-17",
    "number:0x1F",
    "number:0XaB",
    "number:017",
    "number:-0x1",
    "end of file:",
  ]);
});

test("RFC 4506 §6.2: white space separates and is otherwise ignored", () => {
  assert.equal(tokensOf("int\r\n\ta [ 3\f]\v;"), [
    "int",
    "identifier:a",
    "[",
    "number:3",
    "]",
    ";",
    "end of file:",
  ]);
});

test("RFC 4506 §6.2: comments hang on the token behind them and are no tokens", () => {
  const [first, second, end] = tokenize(new Source("/* one */ /* two\n * lines */ int a /* last */"), []);
  assert.equal(
    [first, second, end].map((token) => token?.comments.map((comment) => comment.text)),
    [["/* one */", "/* two\n * lines */"], [], ["/* last */"]],
  );
  assert.is(first?.comments[1]?.line, 1);
  assert.is(first?.comments[1]?.endLine, 2);
});

test("rpcgen's lines that begin with % are dropped, wherever a line may begin", () => {
  const text = '%#include "a.h" /* open\n  % int x;\nint a; %\n';
  assert.equal(tokensOf(text.replace(" %\n", "\n")), ["int", "identifier:a", ";", "end of file:"]);
});

test("a token knows its line and column", () => {
  const tokens = tokenize(new Source("int a;\n\n  hyper b;"), []);
  assert.equal(
    tokens.map(({ line, column }) => `${line}:${column}`),
    ["1:1", "1:5", "1:6", "3:3", "3:9", "3:10", "3:11"],
  );
});

test("a character that begins no token is reported, and reading goes on", () => {
  assert.is(
    errorsOf("const A = 1; @\nconst B = 2 $;\nconst C = 3 😀;"),
    lines`
      test.x:1:14: unexpected character "@"
      const A = 1; @
                   ^

      test.x:2:13: unexpected character "$"
      const B = 2 $;
                  ^

      test.x:3:13: unexpected character "😀"
      const C = 3 😀;
                  ^^
    `,
  );
});

test("RFC 4506 §6.2: a number with a wrong digit is one mistake", () => {
  assert.is(
    errorsOf("const A = 089;\nconst B = 12ab;\nconst C = 0x;"),
    lines`
      test.x:1:11: "089" is not an octal number
      const A = 089;
                ^^^

      test.x:2:11: "12ab" is not a number
      const B = 12ab;
                ^^^^

      test.x:3:11: "0x" is not a number
      const C = 0x;
                ^^
    `,
  );
});

test("a comment without an end is reported where it begins", () => {
  assert.is(
    errorsOf("const A = 1;\n  /* and so on\nconst B = 2;"),
    lines`
      test.x:2:3: this comment has no end
        /* and so on
        ^^
    `,
  );
});

test("a line for the C preprocessor is reported as a whole", () => {
  assert.is(
    errorsOf('#include "other.x"\nconst A = 1;'),
    lines`
      test.x:1:1: preprocessor lines are not understood
      #include "other.x"
      ^
    `,
  );
});

test.run();
