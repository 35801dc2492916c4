import type { EnumMember, Identifier } from "./ast.ts";
import type { Diagnostic, RelatedPlace } from "./errors.ts";
import type { ConstantModel, EnumModel, NamedType } from "./model.ts";
import type { Span } from "./source.ts";

/** What a name of the file stands for. Constants, types, members of enums and programs share one name space. */
export type Declared =
  | ConstantModel
  | NamedType
  | { readonly kind: "member"; readonly node: EnumMember; readonly owner: EnumModel }
  | { readonly kind: "program" };

/** The names of a file (RFC 4506 §6.4 (3), RFC 5531 §12.3 (4)). */
export class Scope {
  private readonly diagnostics: Diagnostic[];
  private readonly symbols = new Map<string, { readonly declared: Declared; readonly span: Span }>();
  private readonly incomplete: boolean;

  /** @param incomplete  definitions are missing because of syntax errors: unknown names are then no news */
  constructor(diagnostics: Diagnostic[], incomplete: boolean) {
    this.diagnostics = diagnostics;
    this.incomplete = incomplete;
  }

  declare(name: Identifier, declared: Declared): void {
    const first = this.symbols.get(name.text);
    if (first === undefined) this.symbols.set(name.text, { declared, span: name.span });
    else this.reportDuplicate(`"${name.text}" is already declared`, name.span, first.span);
  }

  /** What `name` stands for, if anything. */
  look(name: Identifier): Declared | undefined {
    return this.symbols.get(name.text)?.declared;
  }

  /** What `name` stands for; reports it when nothing does. */
  find(name: Identifier): Declared | undefined {
    const declared = this.look(name);
    if (declared === undefined && !this.incomplete) this.report(`"${name.text}" is not defined`, name.span);
    return declared;
  }

  /** Where a name that was found is declared, as the second place of an error. */
  placeOf(name: Identifier): RelatedPlace {
    return { message: "declared here", span: this.symbols.get(name.text)!.span };
  }

  report(message: string, span: Span, related?: RelatedPlace): void {
    this.diagnostics.push(related === undefined ? { message, span } : { message, span, related });
  }

  /** @param first  where the other one is */
  reportDuplicate(message: string, span: Span, first: Span, note: string = "first declared here"): void {
    this.report(message, span, { message: note, span: first });
  }
}

/** Reports each name that stands twice among those of one struct, union, version and the like. */
export function reportDuplicates(scope: Scope, names: readonly Identifier[], where: string): void {
  const first = new Map<string, Span>();
  for (const { text, span } of names) {
    const before = first.get(text);
    if (before === undefined) first.set(text, span);
    else scope.reportDuplicate(`"${text}" is already declared in ${where}`, span, before);
  }
}

/** "a struct", "an enum": what a declared name is, in an error text. */
export function describe(declared: Declared): string {
  switch (declared.kind) {
    case "const":
      return "a constant";
    case "member":
      return "a member of an enum";
    case "typedef":
      return "a type";
    case "enum":
      return "an enum";
    default:
      return `a ${declared.kind}`;
  }
}
