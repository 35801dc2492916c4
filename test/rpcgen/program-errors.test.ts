import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, lines } from "./support.ts";

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

test("RFC 5531 §12.3 (2), (3): versions differ in name and number, and so do procedures", () => {
  assert.is(
    errorsOf(lines`
      program P {
          version V {
              void F(void) = 1;
              int F(void) = 2;
              int G(void) = 0x1;
          } = 1;
          version V {
              void F(void) = 1;
          } = 1;
      } = 1;
    `),
    lines`
      test.x:4:13: "F" is already declared in version V
              int F(void) = 2;
                  ^
      test.x:3:14: first declared here
              void F(void) = 1;
                   ^

      test.x:5:23: there already is a procedure 0x1 in version V
              int G(void) = 0x1;
                            ^^^
      test.x:3:24: first used here
              void F(void) = 1;
                             ^

      test.x:7:13: "V" is already declared in program P
          version V {
                  ^
      test.x:2:13: first declared here
          version V {
                  ^

      test.x:9:9: there already is a version 1 in program P
          } = 1;
              ^
      test.x:6:9: first used here
          } = 1;
              ^
    `,
  );
});

test("programs differ in number", () => {
  assert.is(
    errorsOf(lines`
      program P { version V { void F(void) = 1; } = 1; } = 0x20000000;
      program Q { version V { void F(void) = 1; } = 1; } = 536870912;
    `),
    lines`
      test.x:2:54: there already is a program 536870912 in this file
      program Q { version V { void F(void) = 1; } = 1; } = 536870912;
                                                           ^^^^^^^^^
      test.x:1:54: first used here
      program P { version V { void F(void) = 1; } = 1; } = 0x20000000;
                                                           ^^^^^^^^^^
    `,
  );
});

test("RFC 5531 §12.3 (5): the numbers of programs, versions and procedures are unsigned", () => {
  assert.is(
    errorsOf("program P { version V { void F(void) = -1; } = 4294967296; } = -5;"),
    lines`
      test.x:1:40: the number of a procedure must be 0 to 4294967295, not -1
      program P { version V { void F(void) = -1; } = 4294967296; } = -5;
                                             ^^

      test.x:1:48: the number of a version must be 0 to 4294967295, not 4294967296
      program P { version V { void F(void) = -1; } = 4294967296; } = -5;
                                                     ^^^^^^^^^^

      test.x:1:64: the number of a program must be 0 to 4294967295, not -5
      program P { version V { void F(void) = -1; } = 4294967296; } = -5;
                                                                     ^^
    `,
  );
});

test("RFC 5531 §12.2: arguments and results are types", () => {
  assert.is(
    errorsOf(lines`
      const C = 1;
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
    `),
    lines`
      test.x:2:25: "Q" is not defined
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
                              ^

      test.x:2:29: "P" is a program, not a type
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
                                  ^
      test.x:2:9: declared here
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
              ^

      test.x:2:37: "C" is a constant, not a type
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
                                          ^
      test.x:1:7: declared here
      const C = 1;
            ^

      test.x:2:46: "nope" is not defined
      program P { version V { Q F(P) = 1; C G(int, nope) = 2; } = 1; } = 1;
                                                   ^^^^
    `,
  );
});

test.run();
