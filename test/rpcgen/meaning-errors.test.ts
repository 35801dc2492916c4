import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, lines, modelOf } from "./support.ts";

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

test("the name that an inline type is given is none that the file declares", () => {
  const text = lines`
    struct shape { struct { int x; } pos; };
    enum e { shape_pos = 1 };
    struct line { struct { int x; } start; struct { enum { line_start = 2 } kind; } end; };
    union u switch (int k) { case 1: struct { enum { F_result = 3 } a; } b; default: void; };
    typedef struct { enum { F_arg = 4 } a; } list<>;
    program P {
        version V { enum { C_item = 5 } F(struct { int x; }) = 1; } = 1;
    } = 1;
    typedef struct { int x; } C<>;
  `;
  assert.is(errorsOf(text), "");
  const names = modelOf(text).definitions.map((definition) => definition.name);
  const given = ["shape_pos_", "line_start_", "F_arg_", "F_result_", "C_item_"];
  assert.equal(
    given.filter((name) => !names.includes(name)),
    [],
  );
});

test.run();
