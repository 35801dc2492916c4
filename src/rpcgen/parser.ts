import type {
  Definition,
  Doc,
  ProcedureDefinition,
  ProgramDefinition,
  Specification,
  TypeSpecifier,
  VersionDefinition,
} from "./ast.ts";
import { paragraphs } from "./comment-text.ts";
import type { Diagnostic } from "./errors.ts";
import { tokenize } from "./lexer.ts";
import type { Source } from "./source.ts";
import { TokenCursor } from "./token-cursor.ts";
import { XdrParser } from "./xdr-parser.ts";

/**
 * Parses a `.x` file: XDR (RFC 4506 §6) and what RPC adds to it (RFC 5531 §12).
 * Mistakes go to `diagnostics`; the definitions that contain none are still in the tree.
 */
export function parse(source: Source, diagnostics: Diagnostic[]): Specification {
  const tokens = tokenize(source, diagnostics);
  return new RpcParser(new TokenCursor(tokens, diagnostics)).specification();
}

/** Adds the productions of RFC 5531 §12.2. */
class RpcParser extends XdrParser {
  /** definition: type-def | constant-def | program-def */
  protected override definition(): Definition {
    return this.cursor.at("program") ? this.programDef(this.cursor.leadingDoc()) : super.definition();
  }

  /**
   * program-def:
   *    "program" identifier "{"
   *       version-def
   *       version-def *
   *    "}" "=" constant ";"
   */
  private programDef(leadingDoc: Doc): ProgramDefinition {
    const { cursor } = this;
    cursor.expect("program");
    const name = cursor.expectIdentifier("a program");
    cursor.expect("{");
    const openDoc = cursor.trailingDoc();
    const versions: VersionDefinition[] = [];
    do versions.push(this.versionDef());
    while (!cursor.atEndOfList());
    cursor.expect("}");
    cursor.expect("=");
    const number = this.constant();
    cursor.expect(";");
    const doc = paragraphs(leadingDoc, openDoc, cursor.trailingDoc());
    return { kind: "program", name, number, versions, doc };
  }

  /**
   * version-def:
   *    "version" identifier "{"
   *       procedure-def
   *       procedure-def *
   *    "}" "=" constant ";"
   */
  private versionDef(): VersionDefinition {
    const { cursor } = this;
    const leadingDoc = cursor.leadingDoc();
    cursor.expect("version");
    const name = cursor.expectIdentifier("a version");
    cursor.expect("{");
    const openDoc = cursor.trailingDoc();
    const procedures: ProcedureDefinition[] = [];
    do procedures.push(this.procedureDef());
    while (!cursor.atEndOfList());
    cursor.expect("}");
    cursor.expect("=");
    const number = this.constant();
    cursor.expect(";");
    return { name, number, procedures, doc: paragraphs(leadingDoc, openDoc, cursor.trailingDoc()) };
  }

  /**
   * procedure-def:
   *    proc-return identifier "(" proc-firstarg
   *      ("," type-specifier )* ")" "=" constant ";"
   */
  private procedureDef(): ProcedureDefinition {
    const { cursor } = this;
    const leadingDoc = cursor.leadingDoc();
    const result = this.voidOrType();
    const name = cursor.expectIdentifier("a procedure");
    cursor.expect("(");
    const args = this.procedureArgs();
    cursor.expect(")");
    cursor.expect("=");
    const number = this.constant();
    cursor.expect(";");
    return { name, number, result, args, doc: paragraphs(leadingDoc, cursor.trailingDoc()) };
  }

  /** proc-firstarg ("," type-specifier )* */
  private procedureArgs(): TypeSpecifier[] {
    const { cursor } = this;
    const first = this.voidOrType();
    if (first === undefined) return [];
    const args = [first];
    while (cursor.take(",")) args.push(this.typeSpecifier());
    return args;
  }

  /**
   * proc-return: "void" | type-specifier
   * proc-firstarg: "void" | type-specifier
   */
  private voidOrType(): TypeSpecifier | undefined {
    const { cursor } = this;
    if (cursor.at(")")) cursor.failExpecting(`a type or "void"`);
    return cursor.take("void") ? undefined : this.typeSpecifier();
  }
}
