import { test } from "uvu";
import * as assert from "uvu/assert";
import { type Diagnostic, Source } from "../../src/rpcgen/index.ts";
import { parse } from "../../src/rpcgen/parser.ts";

/** The tree without places and comments, one that is easily written down. */
function tree(text: string): unknown {
  const diagnostics: Diagnostic[] = [];
  const { definitions } = parse(new Source(text, "test.x"), diagnostics);
  assert.equal(diagnostics, []);
  return definitions.map(simple);
}

/** Drops `span`, `doc` and what is undefined; an identifier becomes its text, a constant its value. */
function simple(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(simple);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).filter(
    ([key, value]) => key !== "span" && key !== "doc" && value !== undefined,
  );
  const { kind, text, value, name } = Object.fromEntries(entries);
  if (kind === "constant") return Number(value);
  if (kind === "builtin") return name;
  if (typeof text === "string") return text;
  return Object.fromEntries(entries.map(([key, inner]) => [key, simple(inner)]));
}

/** The declaration in `struct s { … };`. */
function field(text: string): unknown {
  const [struct] = tree(`struct s { ${text}; };`) as [{ type: { fields: unknown[] } }];
  return struct.type.fields[0];
}

test("RFC 4506 §6.3 declaration: type-specifier identifier", () => {
  assert.equal(field("int a"), { kind: "plain", type: "int", name: "a" });
});

test("RFC 4506 §6.3 declaration: type-specifier identifier [ value ]", () => {
  assert.equal(field("int a[3]"), { kind: "fixed array", type: "int", name: "a", bound: 3 });
  assert.equal(field("int a[N]"), { kind: "fixed array", type: "int", name: "a", bound: "N" });
});

test("RFC 4506 §6.3 declaration: type-specifier identifier < [ value ] >", () => {
  assert.equal(field("int a<0x10>"), { kind: "variable array", type: "int", name: "a", bound: 16 });
  assert.equal(field("int a<>"), { kind: "variable array", type: "int", name: "a" });
});

test("RFC 4506 §6.3 declaration: opaque identifier [ value ] and < [ value ] >", () => {
  assert.equal(field("opaque a[010]"), {
    kind: "fixed array",
    type: { kind: "opaque" },
    name: "a",
    bound: 8,
  });
  assert.equal(field("opaque a<N>"), {
    kind: "variable array",
    type: { kind: "opaque" },
    name: "a",
    bound: "N",
  });
  assert.equal(field("opaque a<>"), { kind: "variable array", type: { kind: "opaque" }, name: "a" });
});

test("RFC 4506 §6.3 declaration: string identifier < [ value ] >", () => {
  assert.equal(field("string a<9>"), {
    kind: "variable array",
    type: { kind: "string" },
    name: "a",
    bound: 9,
  });
  assert.equal(field("string a<>"), { kind: "variable array", type: { kind: "string" }, name: "a" });
});

test("RFC 4506 §6.3 declaration: type-specifier * identifier", () => {
  assert.equal(field("node *next"), {
    kind: "optional",
    type: { kind: "reference", name: "node" },
    name: "next",
  });
});

test("RFC 4506 §6.3 declaration: void", () => {
  assert.equal(field("void"), { kind: "void" });
});

test("RFC 4506 §6.3 type-specifier: each of the built-in ones", () => {
  const types = ["int", "unsigned int", "hyper", "unsigned hyper", "float", "double", "quadruple", "bool"];
  for (const type of types) assert.equal(field(`${type} a`), { kind: "plain", type, name: "a" });
});

test("RFC 4506 §6.3 type-specifier: an identifier", () => {
  assert.equal(field("foo a"), { kind: "plain", type: { kind: "reference", name: "foo" }, name: "a" });
});

test("stock rpcgen: unsigned alone is unsigned int", () => {
  assert.equal(field("unsigned a"), { kind: "plain", type: "unsigned int", name: "a" });
});

test("stock rpcgen: struct, union and enum may be said again before the name of a type", () => {
  for (const tag of ["struct", "union", "enum"]) {
    assert.equal(field(`${tag} foo *a`), {
      kind: "optional",
      type: { kind: "reference", name: "foo", tag },
      name: "a",
    });
  }
});

test("RFC 4506 §6.3 enum-type-spec, struct-type-spec, union-type-spec: types written where they are used", () => {
  assert.equal(field("enum { A = 1 } a"), {
    kind: "plain",
    type: { kind: "enum", members: [{ name: "A", value: 1 }] },
    name: "a",
  });
  assert.equal(field("struct { int b; } a<2>"), {
    kind: "variable array",
    type: { kind: "struct", fields: [{ kind: "plain", type: "int", name: "b" }] },
    name: "a",
    bound: 2,
  });
  assert.equal(field("union switch (bool b) { case TRUE: int c; } a"), {
    kind: "plain",
    type: {
      kind: "union",
      discriminant: { kind: "plain", type: "bool", name: "b" },
      cases: [{ labels: ["TRUE"], declaration: { kind: "plain", type: "int", name: "c" } }],
    },
    name: "a",
  });
});

test("RFC 4506 §6.3 enum-body: members with a number or the name of a constant", () => {
  assert.equal(tree("enum e { A = 1, B = -0x2, C = A };"), [
    {
      kind: "type",
      name: "e",
      type: {
        kind: "enum",
        members: [
          { name: "A", value: 1 },
          { name: "B", value: -2 },
          { name: "C", value: "A" },
        ],
      },
    },
  ]);
});

test("RFC 4506 §6.3 struct-body: one declaration or more", () => {
  assert.equal(tree("struct s { int a; hyper b; };"), [
    {
      kind: "type",
      name: "s",
      type: {
        kind: "struct",
        fields: [
          { kind: "plain", type: "int", name: "a" },
          { kind: "plain", type: "hyper", name: "b" },
        ],
      },
    },
  ]);
});

test("RFC 4506 §6.3 union-body: cases with several labels, and a default", () => {
  const text = "union u switch (int kind) { case 1: case TWO: int a; case -3: void; default: hyper b; };";
  assert.equal(tree(text), [
    {
      kind: "type",
      name: "u",
      type: {
        kind: "union",
        discriminant: { kind: "plain", type: "int", name: "kind" },
        cases: [
          { labels: [1, "TWO"], declaration: { kind: "plain", type: "int", name: "a" } },
          { labels: [-3], declaration: { kind: "void" } },
        ],
        otherwise: { declaration: { kind: "plain", type: "hyper", name: "b" } },
      },
    },
  ]);
});

test("RFC 4506 §6.3 constant-def: decimal, hexadecimal, octal and negative", () => {
  const values = tree("const A = 10; const B = 0x10; const C = 010; const D = -10; const E = 0;");
  assert.equal(values, [
    { kind: "const", name: "A", value: 10 },
    { kind: "const", name: "B", value: 16 },
    { kind: "const", name: "C", value: 8 },
    { kind: "const", name: "D", value: -10 },
    { kind: "const", name: "E", value: 0 },
  ]);
});

test("RFC 4506 §6.3 type-def: typedef declaration", () => {
  assert.equal(tree("typedef unsigned hyper revision;"), [
    {
      kind: "typedef",
      name: "revision",
      declaration: { kind: "plain", type: "unsigned hyper", name: "revision" },
    },
  ]);
});

test("RFC 4506 §6.3 specification: definitions in any number, also none", () => {
  assert.equal(tree(""), []);
  assert.equal(tree("/* nothing */"), []);
});

test("RFC 5531 §12.2 program-def, version-def, procedure-def", () => {
  const text = `
    program P {
      version V1 { void NULL_PROC(void) = 0; } = 1;
      version V2 { int ADD(int, unsigned hyper, foo) = 1; struct bar GET(struct foo) = 0x2; } = 2;
    } = 0x20000000;`;
  assert.equal(tree(text), [
    {
      kind: "program",
      name: "P",
      number: 0x20000000,
      versions: [
        { name: "V1", number: 1, procedures: [{ name: "NULL_PROC", number: 0, args: [] }] },
        {
          name: "V2",
          number: 2,
          procedures: [
            {
              name: "ADD",
              number: 1,
              result: "int",
              args: ["int", "unsigned hyper", { kind: "reference", name: "foo" }],
            },
            {
              name: "GET",
              number: 2,
              result: { kind: "reference", name: "bar", tag: "struct" },
              args: [{ kind: "reference", name: "foo", tag: "struct" }],
            },
          ],
        },
      ],
    },
  ]);
});

test("RFC 5531 §12.2 proc-return and proc-firstarg: the result and the name may stand on lines of their own", () => {
  assert.equal(tree("program P { version V {\n  int\n  GET\n  (void)\n  = 1; } = 1; } = 1;"), [
    {
      kind: "program",
      name: "P",
      number: 1,
      versions: [{ name: "V", number: 1, procedures: [{ name: "GET", number: 1, result: "int", args: [] }] }],
    },
  ]);
});

test("the example of RFC 4506 §7 parses", () => {
  const text = `
    const MAXUSERNAME = 32;     /* max length of a user name */
    const MAXFILELEN = 65535;   /* max length of a file      */
    const MAXNAMELEN = 255;     /* max length of a file name */
    enum filekind { TEXT = 0, DATA = 1, EXEC = 2 };
    union filetype switch (filekind kind) {
    case TEXT:
       void;                           /* no extra information */
    case DATA:
       string creator<MAXNAMELEN>;     /* data creator         */
    case EXEC:
       string interpretor<MAXNAMELEN>; /* program interpretor  */
    };
    struct file {
       string filename<MAXNAMELEN>;    /* name of file    */
       filetype type;                  /* info about file */
       string owner<MAXUSERNAME>;      /* owner of file   */
       opaque data<MAXFILELEN>;        /* file data       */
    };`;
  assert.is((tree(text) as unknown[]).length, 6);
});

test.run();
