import type {
  BuiltinName,
  BytesType,
  CaseSpec,
  Constant,
  ConstantDefinition,
  Declaration,
  DefaultSpec,
  Definition,
  Doc,
  EnumMember,
  EnumType,
  NamedDeclaration,
  Specification,
  StructType,
  TypeDefinition,
  TypedefDefinition,
  TypeSpecifier,
  UnionType,
  Value,
} from "./ast.ts";
import { paragraphs } from "./comment-text.ts";
import type { Token, TokenKind } from "./token.ts";
import { SyntaxFailure, type TokenCursor } from "./token-cursor.ts";

/** How many types may be written one inside the other. */
const NESTING_MAX = 256;

/** Parses the XDR language, a method a production of RFC 4506 §6.3. */
export class XdrParser {
  protected readonly cursor: TokenCursor;
  /** How many types the current token is in. */
  private nesting = 0;

  constructor(cursor: TokenCursor) {
    this.cursor = cursor;
  }

  /** specification: definition * */
  specification(): Specification {
    const { cursor } = this;
    const definitions: Definition[] = [];
    while (!cursor.at("end of file")) {
      const start = cursor.current;
      this.nesting = 0;
      try {
        definitions.push(this.definition());
      } catch (error) {
        if (!(error instanceof SyntaxFailure)) throw error;
        // A ";" too many is an error of its own, and the next definition begins right behind it.
        const isStray = cursor.current === start && cursor.advance().kind === ";";
        if (!isStray) cursor.recover();
      }
    }
    return { doc: cursor.headDoc(), definitions };
  }

  /** definition: type-def | constant-def */
  protected definition(): Definition {
    const { cursor } = this;
    const doc = cursor.leadingDoc();
    switch (cursor.current.kind) {
      case "const":
        return this.constantDef(doc);
      case "typedef":
      case "enum":
      case "struct":
      case "union":
        return this.typeDef(doc);
      default:
        return cursor.failExpecting("a definition");
    }
  }

  /** constant-def: "const" identifier "=" constant ";" */
  private constantDef(doc: Doc): ConstantDefinition {
    this.cursor.expect("const");
    const name = this.cursor.expectIdentifier("a constant");
    this.cursor.expect("=");
    const value = this.constant();
    this.cursor.expect(";");
    return { kind: "const", name, value, doc: paragraphs(doc, this.cursor.trailingDoc()) };
  }

  /**
   * type-def:
   *      "typedef" declaration ";"
   *    | "enum" identifier enum-body ";"
   *    | "struct" identifier struct-body ";"
   *    | "union" identifier union-body ";"
   */
  private typeDef(doc: Doc): TypedefDefinition | TypeDefinition {
    const { cursor } = this;
    if (cursor.take("typedef")) {
      const start = cursor.current;
      const declaration = this.declaration("a type");
      if (declaration.kind === "void") return cursor.fail(`"void" declares no type`, start.span);
      cursor.expect(";");
      const docs = paragraphs(doc, cursor.trailingDoc());
      return { kind: "typedef", name: declaration.name, declaration, doc: docs };
    }
    const keyword = cursor.advance();
    const name = cursor.expectIdentifier(`${keyword.kind === "enum" ? "an" : "a"} ${keyword.text}`);
    const type = this.bodyOf(keyword);
    cursor.expect(";");
    return { kind: "type", name, type, doc: paragraphs(doc, type.doc, cursor.trailingDoc()) };
  }

  /** enum-body, struct-body or union-body, after its keyword. */
  private bodyOf({ kind, span }: Token): EnumType | StructType | UnionType {
    // A type inside this one is parsed by a call inside this one.
    this.nesting += 1;
    if (this.nesting > NESTING_MAX) {
      this.cursor.fail(`nested too deep: at most ${NESTING_MAX} types may stand one inside the other`, span);
    }
    const type = this.bodyAfter(kind, span.start);
    this.nesting -= 1;
    return type;
  }

  private bodyAfter(keyword: TokenKind, start: number): EnumType | StructType | UnionType {
    switch (keyword) {
      case "enum":
        return this.enumBody(start);
      case "struct":
        return this.structBody(start);
      default:
        return this.unionBody(start);
    }
  }

  /** enum-body: "{" ( identifier "=" value ) ( "," identifier "=" value )* "}" */
  private enumBody(start: number): EnumType {
    const { cursor } = this;
    cursor.expect("{");
    const openDoc = cursor.trailingDoc();
    const members: EnumMember[] = [];
    do {
      const doc = cursor.leadingDoc();
      const name = cursor.expectIdentifier("a member of an enum");
      cursor.expect("=");
      const value = this.value();
      if (cursor.at(",")) cursor.advance();
      else if (!cursor.at("}")) cursor.failExpecting(`"," or "}"`);
      members.push({ name, value, doc: paragraphs(doc, cursor.trailingDoc()) });
    } while (cursor.previous.kind === ",");
    cursor.expect("}");
    return { kind: "enum", members, doc: openDoc, span: { start, end: cursor.previous.span.end } };
  }

  /** struct-body: "{" ( declaration ";" ) ( declaration ";" )* "}" */
  private structBody(start: number): StructType {
    const { cursor } = this;
    cursor.expect("{");
    const openDoc = cursor.trailingDoc();
    const fields: Declaration[] = [];
    do fields.push(this.fieldDeclaration(cursor.leadingDoc()));
    while (!cursor.atEndOfList());
    cursor.expect("}");
    return { kind: "struct", fields, doc: openDoc, span: { start, end: cursor.previous.span.end } };
  }

  /**
   * union-body:
   *    "switch" "(" declaration ")" "{"
   *       case-spec
   *       case-spec *
   *       [ "default" ":" declaration ";" ]
   *    "}"
   */
  private unionBody(start: number): UnionType {
    const { cursor } = this;
    cursor.expect("switch");
    cursor.expect("(");
    const discriminant = this.discriminant();
    cursor.expect(")");
    cursor.expect("{");
    const openDoc = cursor.trailingDoc();
    const cases: CaseSpec[] = [];
    do cases.push(this.caseSpec());
    while (cursor.at("case"));
    let otherwise: DefaultSpec | undefined;
    if (cursor.at("default")) {
      const doc = cursor.leadingDoc();
      cursor.advance();
      cursor.expect(":");
      const declaration = this.fieldDeclaration(paragraphs(doc, cursor.trailingDoc(), cursor.leadingDoc()));
      otherwise = { declaration, doc: declaration.doc };
    }
    if (otherwise !== undefined && cursor.at("case")) {
      cursor.fail(`"default" must be the last arm of a union (RFC 4506 §4.15)`, cursor.current.span);
    }
    cursor.expect("}");
    const span = { start, end: cursor.previous.span.end };
    return { kind: "union", discriminant, cases, otherwise, doc: openDoc, span };
  }

  private discriminant(): NamedDeclaration {
    const declaration = this.declaration("the discriminant");
    if (declaration.kind === "void") this.cursor.fail("a union cannot switch on void", declaration.span);
    return declaration;
  }

  /** case-spec: ( "case" value ":") ( "case" value ":") * declaration ";" */
  private caseSpec(): CaseSpec {
    const { cursor } = this;
    const labels: Value[] = [];
    const docs: Doc[] = [];
    do {
      docs.push(cursor.leadingDoc());
      cursor.expect("case");
      labels.push(this.value());
      cursor.expect(":");
      docs.push(cursor.trailingDoc());
    } while (cursor.at("case"));
    const declaration = this.fieldDeclaration(paragraphs(...docs, cursor.leadingDoc()));
    return { labels, declaration, doc: declaration.doc };
  }

  /** declaration ";", with the comments around it. */
  private fieldDeclaration(leadingDoc: Doc): Declaration {
    const declaration = this.declaration("a field");
    this.cursor.expect(";");
    return { ...declaration, doc: paragraphs(leadingDoc, this.cursor.trailingDoc()) };
  }

  /**
   * declaration:
   *      type-specifier identifier
   *    | type-specifier identifier "[" value "]"
   *    | type-specifier identifier "<" [ value ] ">"
   *    | "opaque" identifier "[" value "]"
   *    | "opaque" identifier "<" [ value ] ">"
   *    | "string" identifier "<" [ value ] ">"
   *    | type-specifier "*" identifier
   *    | "void"
   */
  private declaration(what: string): Declaration {
    const { cursor } = this;
    const { kind, span } = cursor.current;
    if (cursor.take("void")) return { kind: "void", span, doc: [] };
    if (kind === "opaque" || kind === "string") return this.bytesDeclaration(kind, what);

    const type = this.typeSpecifier();
    if (cursor.take("*")) {
      const name = cursor.expectIdentifier(what);
      return this.declared("optional", type, name, undefined);
    }
    const name = cursor.expectIdentifier(what);
    if (cursor.at("[") || cursor.at("<")) return this.arrayDeclaration(type, name);
    return this.declared("plain", type, name, undefined);
  }

  private bytesDeclaration(kind: "opaque" | "string", what: string): NamedDeclaration {
    const { cursor } = this;
    const type: BytesType = { kind, span: cursor.advance().span };
    const name = cursor.expectIdentifier(what);
    if (kind === "string" && cursor.at("[")) {
      cursor.fail(`a string has no fixed length: write "<" and ">" (RFC 4506 §4.11)`, cursor.current.span);
    }
    if (!cursor.at("[") && !cursor.at("<")) cursor.failExpecting(kind === "opaque" ? `"[" or "<"` : `"<"`);
    return this.arrayDeclaration(type, name);
  }

  private arrayDeclaration(
    type: TypeSpecifier | BytesType,
    name: NamedDeclaration["name"],
  ): NamedDeclaration {
    const { cursor } = this;
    if (cursor.take("[")) {
      const bound = this.value();
      cursor.expect("]");
      return this.declared("fixed array", type, name, bound);
    }
    cursor.expect("<");
    const bound = cursor.at(">") ? undefined : this.value();
    cursor.expect(">");
    return this.declared("variable array", type, name, bound);
  }

  private declared(
    kind: NamedDeclaration["kind"],
    type: NamedDeclaration["type"],
    name: NamedDeclaration["name"],
    bound: Value | undefined,
  ): NamedDeclaration {
    const span = { start: type.span.start, end: this.cursor.previous.span.end };
    return { kind, type, name, bound, span, doc: [] };
  }

  /**
   * type-specifier:
   *      [ "unsigned" ] "int"
   *    | [ "unsigned" ] "hyper"
   *    | "float"
   *    | "double"
   *    | "quadruple"
   *    | "bool"
   *    | enum-type-spec
   *    | struct-type-spec
   *    | union-type-spec
   *    | identifier
   */
  protected typeSpecifier(): TypeSpecifier {
    const { cursor } = this;
    const { kind, span, text } = cursor.current;
    switch (kind) {
      case "unsigned":
        return this.unsigned();
      case "int":
      case "hyper":
      case "float":
      case "double":
      case "quadruple":
      case "bool":
        cursor.advance();
        return { kind: "builtin", name: kind, span };
      case "enum":
      case "struct":
      case "union":
        return this.taggedType(kind);
      case "identifier":
        cursor.advance();
        return { kind: "reference", name: { text, span }, tag: undefined, span };
      default:
        return cursor.failExpecting("a type");
    }
  }

  /** "unsigned" "int" | "unsigned" "hyper"; alone it means "unsigned int", as in C and in rpcgen. */
  private unsigned(): TypeSpecifier {
    const { cursor } = this;
    const start = cursor.expect("unsigned").span.start;
    const name: BuiltinName = cursor.take("hyper") ? "unsigned hyper" : "unsigned int";
    if (name === "unsigned int") cursor.take("int");
    return { kind: "builtin", name, span: { start, end: cursor.previous.span.end } };
  }

  /**
   * enum-type-spec: "enum" enum-body
   * struct-type-spec: "struct" struct-body
   * union-type-spec: "union" union-body
   *
   * Stock rpcgen also takes the name of a type that is defined elsewhere: `struct foo next;`.
   */
  private taggedType(tag: "enum" | "struct" | "union"): TypeSpecifier {
    const { cursor } = this;
    const keyword = cursor.advance();
    if (!cursor.at("identifier")) return this.bodyOf(keyword);
    const { start } = keyword.span;
    const name = cursor.expectIdentifier("a type");
    return { kind: "reference", name, tag, span: { start, end: name.span.end } };
  }

  /** value: constant | identifier */
  protected value(): Value {
    const { cursor } = this;
    const { kind, text, span } = cursor.current;
    if (kind === "number") return this.constant();
    if (kind !== "identifier") cursor.failExpecting("a number or the name of a constant");
    cursor.advance();
    return { kind: "reference", text, span };
  }

  /** constant: decimal-constant | hexadecimal-constant | octal-constant */
  protected constant(): Constant {
    const { cursor } = this;
    if (!cursor.at("number")) cursor.failExpecting("a number");
    const { text, span } = cursor.advance();
    return { kind: "constant", value: numberOf(text), text, span };
  }
}

/** A leading 0 makes a constant octal, a leading 0x hexadecimal (RFC 4506 §6.2). */
function numberOf(text: string): bigint {
  const digits = text.replace("-", "").replace(/^0(?=[0-7])/, "0o");
  const magnitude = BigInt(digits);
  return text.startsWith("-") ? -magnitude : magnitude;
}
