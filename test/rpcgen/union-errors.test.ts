import { test } from "uvu";
import * as assert from "uvu/assert";
import { errorsOf, lines } from "./support.ts";

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

test.run();
