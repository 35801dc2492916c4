import type { Definition, Identifier, Specification, TypeDefinition, TypedefDefinition } from "./ast.ts";
import { Constants } from "./constants.ts";
import type { Diagnostic } from "./errors.ts";
import { reportInfinite } from "./finite.ts";
import { hoist } from "./hoist.ts";
import type {
  ConstantModel,
  DefinitionModel,
  EnumModel,
  FieldModel,
  Model,
  NamedType,
  StructModel,
  TypedefModel,
  UnionModel,
} from "./model.ts";
import { checkProgramNumbers, resolveProgram } from "./resolve-program.ts";
import { resolveArms } from "./resolve-union.ts";
import { reportDuplicates, Scope } from "./scope.ts";
import { TypeResolver } from "./type-resolver.ts";

/**
 * Looks up what a syntax tree names and checks what the grammar cannot (RFC 4506 §6.4, RFC 5531 §12.3).
 * Mistakes go to `diagnostics`; the model means something only when there are none.
 */
export function resolve(specification: Specification, diagnostics: Diagnostic[]): Model {
  return new Resolver(diagnostics).resolve(hoist(specification));
}

/** What is still to be done for a definition once all names are known. */
type Completion = () => DefinitionModel;

class Resolver {
  private readonly scope: Scope;
  private readonly constants: Constants;
  private readonly types: TypeResolver;
  private readonly places = new Map<NamedType, Identifier>();
  private readonly labelChecks: (() => void)[] = [];

  constructor(diagnostics: Diagnostic[]) {
    this.scope = new Scope(diagnostics, diagnostics.length > 0);
    this.constants = new Constants(this.scope);
    this.types = new TypeResolver(this.scope, this.constants);
  }

  resolve(specification: Specification): Model {
    // Names first, since a definition may use one that stands further down.
    const completions = specification.definitions.map((definition) => this.declare(definition));
    const definitions = completions.map((complete) => complete());
    const programs = specification.definitions.filter((definition) => definition.kind === "program");
    checkProgramNumbers(programs, this.types);
    // Labels last: what a union switches on may be a typedef, and only now is it sure that typedefs end.
    if (!reportInfinite(this.places, this.scope)) for (const check of this.labelChecks) check();
    return { doc: specification.doc, definitions };
  }

  private declare(definition: Definition): Completion {
    switch (definition.kind) {
      case "const": {
        const { name, value, doc } = definition;
        const model: ConstantModel = {
          kind: "const",
          name: name.text,
          value: value.value,
          text: value.text,
          doc,
        };
        this.scope.declare(name, model);
        return () => model;
      }
      case "program":
        this.scope.declare(definition.name, { kind: "program" });
        return () => resolveProgram(definition, this.types);
      case "typedef":
        return this.declareTypedef(definition);
      case "type":
        return this.declareType(definition);
    }
  }

  private declareTypedef({ name, doc, declaration }: TypedefDefinition): Completion {
    const model: TypedefModel = { kind: "typedef", name: name.text, doc, target: { kind: "void" } };
    this.declareNamed(name, model);
    return () => {
      model.target = this.types.declared(declaration);
      return model;
    };
  }

  private declareType({ name, doc, type }: TypeDefinition): Completion {
    switch (type.kind) {
      case "enum": {
        const model: EnumModel = { kind: "enum", name: name.text, members: [], doc };
        this.declareNamed(name, model);
        for (const node of type.members)
          this.scope.declare(node.name, { kind: "member", node, owner: model });
        return () => {
          for (const node of type.members) {
            const member = this.constants.member(node, model);
            if (member !== undefined) model.members.push(member);
          }
          return model;
        };
      }
      case "struct": {
        const model: StructModel = { kind: "struct", name: name.text, fields: [], doc };
        this.declareNamed(name, model);
        return () => {
          const named = type.fields.filter((field) => field.kind !== "void");
          reportDuplicates(
            this.scope,
            named.map((field) => field.name),
            `struct ${name.text}`,
          );
          for (const field of named) model.fields.push(this.types.field(field));
          return model;
        };
      }
      case "union": {
        const discriminant: FieldModel = { name: "", type: { kind: "void" }, doc: [] };
        const model: UnionModel = {
          kind: "union",
          name: name.text,
          doc,
          discriminant,
          arms: [],
          otherwise: undefined,
        };
        this.declareNamed(name, model);
        return () => {
          this.labelChecks.push(resolveArms(model, type, this.types));
          return model;
        };
      }
    }
  }

  private declareNamed(name: Identifier, model: NamedType): void {
    this.scope.declare(name, model);
    this.places.set(model, name);
  }
}
