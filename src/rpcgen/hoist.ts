import type {
  Declaration,
  Definition,
  EnumType,
  NamedDeclaration,
  ProgramDefinition,
  Specification,
  StructType,
  TypeDefinition,
  TypeReference,
  UnionType,
} from "./ast.ts";

type InlineType = EnumType | StructType | UnionType;

/**
 * Gives a name to each type that is written where it is used: `struct { int x; } pos;` in `struct shape` becomes
 * `struct shape_pos`, defined right before it. What comes out has only references where types are used.
 */
export function hoist(specification: Specification): Specification {
  return new Hoister(specification).run();
}

class Hoister {
  private readonly specification: Specification;
  private readonly taken: Set<string>;
  private readonly definitions: Definition[] = [];

  constructor(specification: Specification) {
    this.specification = specification;
    this.taken = new Set(specification.definitions.flatMap(declaredNames));
  }

  run(): Specification {
    for (const definition of this.specification.definitions)
      this.definitions.push(this.definition(definition));
    return { ...this.specification, definitions: this.definitions };
  }

  private definition(definition: Definition): Definition {
    switch (definition.kind) {
      case "const":
        return definition;
      case "type":
        return this.typeDefinition(definition);
      case "program":
        return this.program(definition);
      case "typedef": {
        const { declaration, name, doc } = definition;
        // `typedef struct {…} foo;` is another way to write `struct foo {…};`, and so for enum and union.
        if (declaration.kind === "plain" && isInline(declaration.type)) {
          return this.typeDefinition({ kind: "type", name, type: declaration.type, doc });
        }
        return { ...definition, declaration: this.declaration(declaration, `${name.text}_item`) };
      }
    }
  }

  private typeDefinition(definition: TypeDefinition): TypeDefinition {
    const { name, type } = definition;
    const inner = (declaration: Declaration): Declaration =>
      declaration.kind === "void"
        ? declaration
        : this.declaration(declaration, `${name.text}_${declaration.name.text}`);
    if (type.kind === "enum") return definition;
    if (type.kind === "struct") return { ...definition, type: { ...type, fields: type.fields.map(inner) } };
    const discriminant = this.declaration(type.discriminant, `${name.text}_${type.discriminant.name.text}`);
    const cases = type.cases.map((arm) => ({ ...arm, declaration: inner(arm.declaration) }));
    const otherwise = type.otherwise && { ...type.otherwise, declaration: inner(type.otherwise.declaration) };
    return { ...definition, type: { ...type, discriminant, cases, otherwise } };
  }

  private program(program: ProgramDefinition): ProgramDefinition {
    const versions = program.versions.map((version) => ({
      ...version,
      procedures: version.procedures.map((procedure) => ({
        ...procedure,
        args: procedure.args.map((type) => this.type(type, `${procedure.name.text}_arg`)),
        result: procedure.result && this.type(procedure.result, `${procedure.name.text}_result`),
      })),
    }));
    return { ...program, versions };
  }

  private declaration(declaration: NamedDeclaration, name: string): NamedDeclaration {
    return { ...declaration, type: this.type(declaration.type, name) };
  }

  private type<T extends NamedDeclaration["type"]>(
    type: T,
    name: string,
  ): Exclude<T, InlineType> | TypeReference {
    if (!isInline(type)) return type as Exclude<T, InlineType>;
    let free = name;
    while (this.taken.has(free)) free += "_";
    this.taken.add(free);
    const identifier = { text: free, span: type.span };
    this.definitions.push(this.typeDefinition({ kind: "type", name: identifier, type, doc: type.doc }));
    return { kind: "reference", name: identifier, tag: undefined, span: type.span };
  }
}

/** All names that a definition declares: its own, and those of the members of the enums in it. */
function declaredNames(definition: Definition): string[] {
  return [definition.name.text, ...typesIn(definition).flatMap(memberNames)];
}

function typesIn(definition: Definition): (NamedDeclaration["type"] | undefined)[] {
  switch (definition.kind) {
    case "const":
      return [];
    case "type":
      return [definition.type];
    case "typedef":
      return [definition.declaration.type];
    case "program": {
      const procedures = definition.versions.flatMap((version) => version.procedures);
      return procedures.flatMap((procedure) => [procedure.result, ...procedure.args]);
    }
  }
}

function memberNames(type: NamedDeclaration["type"] | undefined): string[] {
  if (type === undefined || !isInline(type)) return [];
  if (type.kind === "enum") return type.members.map((member) => member.name.text);
  return declarationsIn(type).flatMap((declaration) =>
    declaration.kind === "void" ? [] : memberNames(declaration.type),
  );
}

function declarationsIn(type: StructType | UnionType): readonly Declaration[] {
  if (type.kind === "struct") return type.fields;
  const arms = type.otherwise === undefined ? type.cases : [...type.cases, type.otherwise];
  return [type.discriminant, ...arms.map((arm) => arm.declaration)];
}

function isInline(type: NamedDeclaration["type"]): type is InlineType {
  return type.kind === "enum" || type.kind === "struct" || type.kind === "union";
}
