import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, lines } from "./support.ts";

test("RFC 4506 §6.4 (3): constants, types, members of enums and programs share one name space", () => {
  assert.is(
    errorsOf(lines`
      const A = 1;
      struct A { int a; };
      enum e { A = 2, e = 3 };
      typedef int e;
      program e { version V { void F(void) = 0; } = 1; } = 1;
    `),
    lines`
      test.x:2:8: "A" is already declared
      struct A { int a; };
             ^
      test.x:1:7: first declared here
      const A = 1;
            ^

      test.x:3:10: "A" is already declared
      enum e { A = 2, e = 3 };
               ^
      test.x:1:7: first declared here
      const A = 1;
            ^

      test.x:3:17: "e" is already declared
      enum e { A = 2, e = 3 };
                      ^
      test.x:3:6: first declared here
      enum e { A = 2, e = 3 };
           ^

      test.x:4:13: "e" is already declared
      typedef int e;
                  ^
      test.x:3:6: first declared here
      enum e { A = 2, e = 3 };
           ^

      test.x:5:9: "e" is already declared
      program e { version V { void F(void) = 0; } = 1; } = 1;
              ^
      test.x:3:6: first declared here
      enum e { A = 2, e = 3 };
           ^
    `,
  );
});

test("RFC 4506 §6.4 (4): fields of a struct differ in name, and so do the arms of a union", () => {
  assert.is(
    errorsOf(lines`
      struct s { int a; hyper a; };
      union u switch (int k) { case 1: int a; case 2: bool a; default: int a; };
    `),
    lines`
      test.x:1:25: "a" is already declared in struct s
      struct s { int a; hyper a; };
                              ^
      test.x:1:16: first declared here
      struct s { int a; hyper a; };
                     ^

      test.x:2:54: "a" is already declared in union u
      union u switch (int k) { case 1: int a; case 2: bool a; default: int a; };
                                                           ^
      test.x:2:38: first declared here
      union u switch (int k) { case 1: int a; case 2: bool a; default: int a; };
                                           ^

      test.x:2:70: "a" is already declared in union u
      union u switch (int k) { case 1: int a; case 2: bool a; default: int a; };
                                                                           ^
      test.x:2:38: first declared here
      union u switch (int k) { case 1: int a; case 2: bool a; default: int a; };
                                           ^
    `,
  );
});

test("RFC 4506 §6.3: types and constants that are used are defined", () => {
  assert.is(
    errorsOf(lines`
      struct s {
          foo a;
          int b[N];
          opaque c<M>;
          struct bar *d;
      };
      enum e { A = X };
      union u switch (nope k) { case 1: void; };
    `),
    lines`
      test.x:2:5: "foo" is not defined
          foo a;
          ^^^

      test.x:3:11: "N" is not defined
          int b[N];
                ^

      test.x:4:14: "M" is not defined
          opaque c<M>;
                   ^

      test.x:5:12: "bar" is not defined
          struct bar *d;
                 ^^^

      test.x:7:14: "X" is not defined
      enum e { A = X };
                   ^

      test.x:8:17: "nope" is not defined
      union u switch (nope k) { case 1: void; };
                      ^^^^
    `,
  );
});

test("a name is used for what it stands for", () => {
  assert.is(
    errorsOf(lines`
      const N = 1;
      struct s { N a; int b[s]; };
      enum e { A = s };
      typedef A b;
    `),
    lines`
      test.x:2:12: "N" is a constant, not a type
      struct s { N a; int b[s]; };
                 ^
      test.x:1:7: declared here
      const N = 1;
            ^

      test.x:2:23: "s" is a struct, not a constant
      struct s { N a; int b[s]; };
                            ^

      test.x:3:14: "s" is a struct, not a constant
      enum e { A = s };
                   ^

      test.x:4:9: "A" is a member of an enum, not a type
      typedef A b;
              ^
      test.x:3:10: declared here
      enum e { A = s };
               ^
    `,
  );
});

test("struct, union and enum say what the type is", () => {
  assert.is(
    errorsOf(lines`
      struct s { int a; };
      enum e { A = 0 };
      struct t {
          enum s x;
          struct e y;
          union s *z;
      };
    `),
    lines`
      test.x:4:5: "s" is a struct, not an enum
          enum s x;
          ^^^^^^
      test.x:1:8: declared here
      struct s { int a; };
             ^

      test.x:5:5: "e" is an enum, not a struct
          struct e y;
          ^^^^^^^^
      test.x:2:6: declared here
      enum e { A = 0 };
           ^

      test.x:6:5: "s" is a struct, not a union
          union s *z;
          ^^^^^^^
      test.x:1:8: declared here
      struct s { int a; };
             ^
    `,
  );
});

test("RFC 4506 §4.3: the value of a member of an enum is an int", () => {
  assert.is(
    errorsOf(lines`
      enum e {
          A = 2147483648,
          B = -2147483649
      };
    `),
    lines`
      test.x:2:9: the value of "A" must be -2147483648 to 2147483647, not 2147483648
          A = 2147483648,
              ^^^^^^^^^^

      test.x:3:9: the value of "B" must be -2147483648 to 2147483647, not -2147483649
          B = -2147483649
              ^^^^^^^^^^^
    `,
  );
});

test("the value of a member of an enum does not depend on itself", () => {
  assert.is(
    errorsOf("enum e { A = B, B = C, C = A, D = A };"),
    lines`
      test.x:1:14: the value of "A" depends on itself
      enum e { A = B, B = C, C = A, D = A };
                   ^
    `,
  );
});

test("RFC 4506 §6.4 (2): lengths are unsigned", () => {
  assert.is(
    errorsOf(lines`
      const N = -1;
      const M = 4294967296;
      struct s {
          int a[N];
          int b<M>;
          opaque c<-3>;
          string d<4294967295>;
      };
    `),
    lines`
      test.x:4:11: a length must be 0 to 4294967295, not -1
          int a[N];
                ^

      test.x:5:11: a length must be 0 to 4294967295, not 4294967296
          int b<M>;
                ^

      test.x:6:14: a length must be 0 to 4294967295, not -3
          opaque c<-3>;
                   ^^
    `,
  );
});

test("RFC 4506 §4.15: the labels of a union on an enum are members of it", () => {
  assert.is(
    errorsOf(lines`
      enum e { A = 1, B = 2 };
      enum f { C = 1 };
      const D = 1;
      const E = 9;
      union u switch (e k) {
      case A: void;
      case C: void;
      case 7: void;
      case E: void;
      case Q: void;
      };
    `),
    lines`
      test.x:7:6: "C" is not a member of enum e
      case C: void;
           ^
      test.x:2:10: declared here
      enum f { C = 1 };
               ^

      test.x:8:6: 7 is not a member of enum e
      case 7: void;
           ^

      test.x:9:6: "E" is not a member of enum e
      case E: void;
           ^
      test.x:4:7: declared here
      const E = 9;
            ^

      test.x:10:6: "Q" is not defined
      case Q: void;
           ^
    `,
  );
});

test("RFC 4506 §6.4 (5): no label stands twice, whatever it is called", () => {
  assert.is(
    errorsOf(lines`
      enum e { A = 1, B = 2, C = 2 };
      const ONE = 1;
      union u switch (e k) { case A: void; case 1: void; case B: void; case C: void; };
      union v switch (int k) { case 1: case 0x1: void; case ONE: void; };
      union w switch (bool k) { case TRUE: void; case 1: void; };
    `),
    lines`
      test.x:3:43: there already is a case 1
      union u switch (e k) { case A: void; case 1: void; case B: void; case C: void; };
                                                ^
      test.x:3:29: first used here
      union u switch (e k) { case A: void; case 1: void; case B: void; case C: void; };
                                  ^

      test.x:3:71: there already is a case C (2)
      union u switch (e k) { case A: void; case 1: void; case B: void; case C: void; };
                                                                            ^
      test.x:3:57: first used here
      union u switch (e k) { case A: void; case 1: void; case B: void; case C: void; };
                                                              ^

      test.x:4:39: there already is a case 0x1 (1)
      union v switch (int k) { case 1: case 0x1: void; case ONE: void; };
                                            ^^^
      test.x:4:31: first used here
      union v switch (int k) { case 1: case 0x1: void; case ONE: void; };
                                    ^

      test.x:4:55: there already is a case ONE (1)
      union v switch (int k) { case 1: case 0x1: void; case ONE: void; };
                                                            ^^^
      test.x:4:31: first used here
      union v switch (int k) { case 1: case 0x1: void; case ONE: void; };
                                    ^

      test.x:5:49: there already is a case 1
      union w switch (bool k) { case TRUE: void; case 1: void; };
                                                      ^
      test.x:5:32: first used here
      union w switch (bool k) { case TRUE: void; case 1: void; };
                                     ^^^^
    `,
  );
});

test("RFC 4506 §4.4: the labels of a union on a bool are TRUE and FALSE", () => {
  assert.is(
    errorsOf(lines`
      union u switch (bool k) { case TRUE: void; case 2: void; };
      union v switch (int k) { case TRUE: void; };
    `),
    lines`
      test.x:1:49: a case of a bool must be TRUE or FALSE
      union u switch (bool k) { case TRUE: void; case 2: void; };
                                                      ^

      test.x:2:31: "TRUE" is not defined
      union v switch (int k) { case TRUE: void; };
                                    ^^^^
    `,
  );
});

test("RFC 4506 §6.4 (5): labels are values of the discriminant's type", () => {
  assert.is(
    errorsOf(lines`
      union u switch (unsigned k) { case -1: void; case 4294967296: void; };
      union v switch (int k) { case 2147483648: void; case -2147483649: void; };
    `),
    lines`
      test.x:1:36: a case must be 0 to 4294967295, not -1
      union u switch (unsigned k) { case -1: void; case 4294967296: void; };
                                         ^^

      test.x:1:51: a case must be 0 to 4294967295, not 4294967296
      union u switch (unsigned k) { case -1: void; case 4294967296: void; };
                                                        ^^^^^^^^^^

      test.x:2:31: a case must be -2147483648 to 2147483647, not 2147483648
      union v switch (int k) { case 2147483648: void; case -2147483649: void; };
                                    ^^^^^^^^^^

      test.x:2:54: a case must be -2147483648 to 2147483647, not -2147483649
      union v switch (int k) { case 2147483648: void; case -2147483649: void; };
                                                           ^^^^^^^^^^^
    `,
  );
});

test("RFC 4506 §6.4 (5): a union switches on what comes down to an integer", () => {
  assert.is(
    errorsOf(lines`
      typedef hyper big;
      struct s { int a; };
      union u switch (hyper k) { case 1: void; };
      union v switch (big k) { case 1: void; };
      union w switch (s k) { case 1: void; };
      union x switch (int k[2]) { case 1: void; };
      union y switch (string k<>) { case 1: void; };
      union z switch (int *k) { case 1: void; };
    `),
    lines`
      test.x:3:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union u switch (hyper k) { case 1: void; };
                      ^^^^^^^

      test.x:4:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union v switch (big k) { case 1: void; };
                      ^^^^^

      test.x:5:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union w switch (s k) { case 1: void; };
                      ^^^

      test.x:6:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union x switch (int k[2]) { case 1: void; };
                      ^^^^^^^^

      test.x:7:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union y switch (string k<>) { case 1: void; };
                      ^^^^^^^^^^

      test.x:8:17: a union switches on an int, unsigned int, bool or enum (RFC 4506 §6.4)
      union z switch (int *k) { case 1: void; };
                      ^^^^^^
    `,
  );
});

test("RFC 4506 §4.19: a type that contains itself can end", () => {
  assert.is(
    errorsOf(lines`
      struct s { s a; };
      struct t { int n; u x[2]; };
      typedef t u;
      union z switch (int k) { case 1: z again; };
      struct harmless { s a; };
    `),
    lines`
      test.x:1:8: "s" contains itself without end: s, s
      struct s { s a; };
             ^

      test.x:2:8: "t" contains itself without end: t, u, t
      struct t { int n; u x[2]; };
             ^

      test.x:4:7: "z" contains itself without end: z, z
      union z switch (int k) { case 1: z again; };
            ^
    `,
  );
});

test("typedefs do not run in a circle", () => {
  assert.is(
    errorsOf(lines`
      typedef a b;
      typedef b c;
      typedef c a;
      union u switch (a k) { case 1: void; };
    `),
    lines`
      test.x:1:11: "b" contains itself without end: b, a, c, b
      typedef a b;
                ^
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
