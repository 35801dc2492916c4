import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, lines } from "./support.ts";

test("RFC 4506 §6.3: a semicolon that is missing at the end of a line is missing there", () => {
  assert.is(
    errorsOf(lines`
      struct a {
          int b
          int c;
      };
    `),
    lines`
      test.x:2:10: expected ";" before "int"
          int b
               ^
    `,
  );
});

test("RFC 4506 §6.3: a semicolon that is missing inside a line is missed at the next token", () => {
  assert.is(
    errorsOf("struct a { int b int c; };"),
    lines`
      test.x:1:18: expected ";", found "int"
      struct a { int b int c; };
                       ^^^
    `,
  );
});

test("RFC 4506 §6.3: a definition without its semicolon does not take the next one along", () => {
  assert.is(
    errorsOf(lines`
      struct a { int b; }
      struct c { foo d; };
      struct e { int; };
    `),
    lines`
      test.x:1:20: expected ";" before "struct"
      struct a { int b; }
                         ^

      test.x:3:15: expected the name of a field, found ";"
      struct e { int; };
                    ^
    `,
  );
});

test("each definition that cannot be understood is reported, and the others are checked all the same", () => {
  assert.is(
    errorsOf(lines`
      const A = ;
      struct b { int c d; };
      enum e { F = 1, F = 2 };
      typedef int;
    `),
    lines`
      test.x:1:11: expected a number, found ";"
      const A = ;
                ^

      test.x:2:18: expected ";", found "d"
      struct b { int c d; };
                       ^

      test.x:3:17: "F" is already declared
      enum e { F = 1, F = 2 };
                      ^
      test.x:3:10: first declared here
      enum e { F = 1, F = 2 };
               ^

      test.x:4:12: expected the name of a type, found ";"
      typedef int;
                 ^
    `,
  );
});

test("RFC 5531 §12.3 (1): program and version name nothing", () => {
  assert.is(
    errorsOf(lines`
      struct version { int a; };
      struct a { int program; };
      const version = 1;
    `),
    lines`
      test.x:1:8: "version" is a reserved word (RFC 5531 §12.3) and cannot name a struct
      struct version { int a; };
             ^^^^^^^

      test.x:2:16: "program" is a reserved word (RFC 5531 §12.3) and cannot name a field
      struct a { int program; };
                     ^^^^^^^

      test.x:3:7: "version" is a reserved word (RFC 5531 §12.3) and cannot name a constant
      const version = 1;
            ^^^^^^^
    `,
  );
});

test("RFC 4506 §6.4 (1): a keyword names nothing", () => {
  assert.is(
    errorsOf(lines`
      struct a { int int; };
      typedef int string;
      enum case { A = 1 };
      union union switch (int a) { case 1: void; };
      enum b { default = 1 };
    `),
    lines`
      test.x:1:16: "int" is a reserved word (RFC 4506 §6.4) and cannot name a field
      struct a { int int; };
                     ^^^

      test.x:2:13: "string" is a reserved word (RFC 4506 §6.4) and cannot name a type
      typedef int string;
                  ^^^^^^

      test.x:3:6: "case" is a reserved word (RFC 4506 §6.4) and cannot name an enum
      enum case { A = 1 };
           ^^^^

      test.x:4:7: "union" is a reserved word (RFC 4506 §6.4) and cannot name a union
      union union switch (int a) { case 1: void; };
            ^^^^^

      test.x:5:10: "default" is a reserved word (RFC 4506 §6.4) and cannot name a member of an enum
      enum b { default = 1 };
               ^^^^^^^
    `,
  );
});

test("RFC 4506 §6.3 enum-body: no member, a comma too many, a value or a comma missing", () => {
  assert.is(
    errorsOf(lines`
      enum a { };
      enum b { B = 1, };
      enum c { C };
      enum d { D = 1 E = 2 };
    `),
    lines`
      test.x:1:10: expected the name of a member of an enum, found "}"
      enum a { };
               ^

      test.x:2:17: expected the name of a member of an enum, found "}"
      enum b { B = 1, };
                      ^

      test.x:3:12: expected "=", found "}"
      enum c { C };
                 ^

      test.x:4:16: expected "," or "}", found "E"
      enum d { D = 1 E = 2 };
                     ^
    `,
  );
});

test("RFC 4506 §6.3 struct-body: at least one declaration", () => {
  assert.is(
    errorsOf("struct a { };"),
    lines`
      test.x:1:12: expected a type, found "}"
      struct a { };
                 ^
    `,
  );
});

test("RFC 4506 §6.3 type-def: a typedef declares a name", () => {
  assert.is(
    errorsOf(lines`
      typedef void;
      typedef int;
      typedef 3 a;
    `),
    lines`
      test.x:1:9: "void" declares no type
      typedef void;
              ^^^^

      test.x:2:12: expected the name of a type, found ";"
      typedef int;
                 ^

      test.x:3:9: expected a type, found "3"
      typedef 3 a;
              ^
    `,
  );
});

test("RFC 4506 §4.9 to §4.11: opaque and string have a length, a string no fixed one", () => {
  assert.is(
    errorsOf(lines`
      typedef opaque a;
      typedef string b;
      typedef string c[3];
      typedef string *d;
      typedef int e[];
    `),
    lines`
      test.x:1:17: expected "[" or "<", found ";"
      typedef opaque a;
                      ^

      test.x:2:17: expected "<", found ";"
      typedef string b;
                      ^

      test.x:3:17: a string has no fixed length: write "<" and ">" (RFC 4506 §4.11)
      typedef string c[3];
                      ^

      test.x:4:16: expected the name of a type, found "*"
      typedef string *d;
                     ^

      test.x:5:15: expected a number or the name of a constant, found "]"
      typedef int e[];
                    ^
    `,
  );
});

test("RFC 4506 §6.3 constant-def: a name, an equals sign and a number", () => {
  assert.is(
    errorsOf(lines`
      const = 1;
      const A 1;
      const B = C;
      const D = "text";
    `),
    lines`
      test.x:1:7: expected the name of a constant, found "="
      const = 1;
            ^

      test.x:2:9: expected "=", found "1"
      const A 1;
              ^

      test.x:3:11: expected a number, found "C"
      const B = C;
                ^

      test.x:4:11: unexpected character "\""
      const D = "text";
                ^

      test.x:4:12: expected a number, found "text"
      const D = "text";
                 ^^^^

      test.x:4:16: unexpected character "\""
      const D = "text";
                     ^
    `,
  );
});

test("RFC 4506 §6.3 specification: only definitions stand at the top", () => {
  assert.is(
    errorsOf(lines`
      int a;
      ;
      foo;
      }
    `),
    lines`
      test.x:1:1: expected a definition, found "int"
      int a;
      ^^^

      test.x:2:1: expected a definition, found ";"
      ;
      ^

      test.x:3:1: expected a definition, found "foo"
      foo;
      ^^^

      test.x:4:1: expected a definition, found "}"
      }
      ^
    `,
  );
});

test("a file that ends too early misses what would close it", () => {
  assert.is(
    errorsOf(lines`
      struct a {
          int b;

    `),
    lines`
      test.x:2:11: expected "}" before the end of the file
          int b;
                ^
    `,
  );
});

test("tabs before a caret are kept, so that it stands where it points", () => {
  assert.is(
    errorsOf("struct a {\n\tint\tb[-1];\n};"),
    lines`
      test.x:2:8: a length must be 0 to 4294967295, not -1
      	int	b[-1];
      	   	  ^^
    `,
  );
});

test("types may be written one inside the other 256 deep", () => {
  const nested = (depth: number): string =>
    `struct a {\n${"struct {\n".repeat(depth - 1)}int x;\n${"} y;\n".repeat(depth - 1)}};`;
  assert.is(errorsOf(nested(256)), "");
  const report = lines`
    test.x:257:1: nested too deep: at most 256 types may stand one inside the other
    struct {
    ^^^^^^
  `;
  assert.is(errorsOf(nested(257)), report);
  const deep = `struct a { ${"struct { ".repeat(10_000)}`;
  assert.match(errorsOf(deep), "test.x:1:2307: nested too deep");
  assert.match(errorsOf(`union a ${"switch (union ".repeat(10_000)}`), "nested too deep");
  // What stands behind it is looked at as if nothing had been.
  assert.is(errorsOf(`${nested(257)}\n${nested(256).replace("struct a", "struct b")}`), report);
});

test("a report shows a hundred errors, and says when there are more", () => {
  const hundred = errorsOf("@".repeat(100)).split("\n\n");
  assert.is(hundred.length, 100);
  assert.match(hundred.at(-1)!, 'test.x:1:100: unexpected character "@"');
  const many = errorsOf("@".repeat(60_000));
  assert.equal(many.split("\n\n").slice(100), ["test.x: too many errors; the rest is not shown"]);
  assert.ok(many.length < 30_000);
});

test("of a very long line a report quotes what is around the place", () => {
  const x = (count: number): string => "x".repeat(count);
  const lineOf = (before: number, after: number): string => `/*${x(before - 4)}*/@/*${x(after - 4)}*/`;
  assert.is(
    errorsOf(lineOf(60, 59)),
    `test.x:1:61: unexpected character "@"\n${lineOf(60, 59)}\n${" ".repeat(60)}^`,
  );
  assert.is(
    errorsOf(lineOf(500, 500)),
    `test.x:1:501: unexpected character "@"\n…${x(58)}*/@/*${x(57)}…\n${" ".repeat(61)}^`,
  );
  assert.is(
    errorsOf(lineOf(10, 500)),
    `test.x:1:11: unexpected character "@"\n/*${x(6)}*/@/*${x(107)}…\n${" ".repeat(10)}^`,
  );
  assert.is(
    errorsOf(lineOf(500, 10)),
    `test.x:1:501: unexpected character "@"\n…${x(107)}*/@/*${x(6)}*/\n${" ".repeat(110)}^`,
  );
  const long = x(500);
  assert.is(
    errorsOf(`struct s { ${long} a; };`),
    `test.x:1:12: "${long}" is not defined\nstruct s { ${x(109)}…\n${" ".repeat(11)}${"^".repeat(109)}`,
  );
});

test.run();
