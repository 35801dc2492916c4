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

test("RFC 4506 §6.3 union-body: switch, a discriminant and at least one case, default last", () => {
  assert.is(
    errorsOf(lines`
      union a { int b; };
      union b switch (void) { case 1: void; };
      union c switch (int d) { };
      union e switch (int f) { default: void; };
      union g switch (int h) { case 1: void; default: void; case 2: void; };
    `),
    lines`
      test.x:1:9: expected "switch", found "{"
      union a { int b; };
              ^

      test.x:2:17: a union cannot switch on void
      union b switch (void) { case 1: void; };
                      ^^^^

      test.x:3:26: expected "case", found "}"
      union c switch (int d) { };
                               ^

      test.x:4:26: expected "case", found "default"
      union e switch (int f) { default: void; };
                               ^^^^^^^

      test.x:5:55: "default" must be the last arm of a union (RFC 4506 §4.15)
      union g switch (int h) { case 1: void; default: void; case 2: void; };
                                                            ^^^^
    `,
  );
});

test("RFC 4506 §6.3 case-spec: a case has a value, a colon and a declaration", () => {
  assert.is(
    errorsOf(lines`
      union a switch (int b) { case: void; };
      union c switch (int d) { case 1 void; };
      union e switch (int f) { case 1: };
      union g switch (int h) { case 1: case 2: default: void; };
    `),
    lines`
      test.x:1:30: expected a number or the name of a constant, found ":"
      union a switch (int b) { case: void; };
                                   ^

      test.x:2:33: expected ":", found "void"
      union c switch (int d) { case 1 void; };
                                      ^^^^

      test.x:3:34: expected a type, found "}"
      union e switch (int f) { case 1: };
                                       ^

      test.x:4:42: expected a type, found "default"
      union g switch (int h) { case 1: case 2: default: void; };
                                               ^^^^^^^
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

test("RFC 5531 §12.2 program-def and version-def: parts that are missing", () => {
  assert.is(
    errorsOf(lines`
      program A { };
      program B { version C { } = 1; } = 1;
      program D { version E { void F(void) = 1; } = 1; };
      program G { version H { void I(void) = 1; }; } = 1;
      program { version J { void K(void) = 1; } = 1; } = 1;
      program L { void M(void) = 1; } = 1;
    `),
    lines`
      test.x:1:13: expected "version", found "}"
      program A { };
                  ^

      test.x:2:25: expected a type, found "}"
      program B { version C { } = 1; } = 1;
                              ^

      test.x:3:51: expected "=", found ";"
      program D { version E { void F(void) = 1; } = 1; };
                                                        ^

      test.x:4:44: expected "=", found ";"
      program G { version H { void I(void) = 1; }; } = 1;
                                                 ^

      test.x:5:9: expected the name of a program, found "{"
      program { version J { void K(void) = 1; } = 1; } = 1;
              ^

      test.x:6:13: expected "version", found "void"
      program L { void M(void) = 1; } = 1;
                  ^^^^
    `,
  );
});

test("RFC 5531 §12.2 procedure-def: parts that are missing, and void beside others", () => {
  assert.is(
    errorsOf(lines`
      program A { version A1 { void B() = 1; } = 1; } = 1;
      program C { version C1 { void D(void, int) = 1; } = 1; } = 1;
      program E { version E1 { void F(int, void) = 1; } = 1; } = 1;
      program G { version G1 { H(void) = 1; } = 1; } = 1;
      program I { version I1 { void J(int a) = 1; } = 1; } = 1;
      program K { version K1 { void L(void); } = 1; } = 1;
      program M { version M1 { void N(void) = ONE; } = 1; } = 1;
      program O { version O1 { string P(void) = 1; } = 1; } = 1;
    `),
    lines`
      test.x:1:33: expected a type or "void", found ")"
      program A { version A1 { void B() = 1; } = 1; } = 1;
                                      ^

      test.x:2:37: expected ")", found ","
      program C { version C1 { void D(void, int) = 1; } = 1; } = 1;
                                          ^

      test.x:3:38: expected a type, found "void"
      program E { version E1 { void F(int, void) = 1; } = 1; } = 1;
                                           ^^^^

      test.x:4:27: expected the name of a procedure, found "("
      program G { version G1 { H(void) = 1; } = 1; } = 1;
                                ^

      test.x:5:37: expected ")", found "a"
      program I { version I1 { void J(int a) = 1; } = 1; } = 1;
                                          ^

      test.x:6:38: expected "=", found ";"
      program K { version K1 { void L(void); } = 1; } = 1;
                                           ^

      test.x:7:41: expected a number, found "ONE"
      program M { version M1 { void N(void) = ONE; } = 1; } = 1;
                                              ^^^

      test.x:8:26: expected a type, found "string"
      program O { version O1 { string P(void) = 1; } = 1; } = 1;
                               ^^^^^^
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

test.run();
