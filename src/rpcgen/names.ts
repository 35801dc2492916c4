import { camelCase, pascalCase } from "./case.ts";
import { ONCRPC_TYPES, XDR_TYPES, XDR_VALUES } from "./imports.ts";
import {
  type ConstantModel,
  type EnumMemberModel,
  type FieldModel,
  isToldApartByFields,
  type Model,
  type NamedType,
  namedTypes,
  type ProcedureModel,
  type ProgramModel,
  type VersionModel,
} from "./model.ts";

const RESERVED_WORDS =
  "arguments await break case catch class const continue debugger default delete do else enum eval export extends " +
  "false finally for function if implements import in instanceof interface let new null package private protected " +
  "public return static super switch this throw true try typeof var void while with yield undefined NaN Infinity";

/** Globals that generated code relies on. */
const GLOBALS = "Exclude Map NonNullable Promise ReturnType Uint8Array";

/** What generated functions call their parameters and variables. */
const LOCALS = "args context handlers head item items left link next options reader tail value writer";

/** The helpers that a file declares for itself where it needs them. */
export const WRITABLE = "Writable";
export const ROW = "dispatch";
export const ROW_TYPE = "DispatchRow";

const UNSAFE: readonly string[] = [
  ...`${RESERVED_WORDS} ${GLOBALS} ${LOCALS} ${WRITABLE} ${ROW} ${ROW_TYPE}`.split(" "),
  ...XDR_TYPES,
  ...XDR_VALUES,
  ...ONCRPC_TYPES,
];

/** Names that a field must not have: this one would set the prototype of the object. */
const UNSAFE_FIELDS: readonly string[] = ["__proto__"];

/** Names that a field must not have where its presence tells the arms of a union apart: each object has these. */
const FIELDS_OF_ALL: readonly string[] = [...UNSAFE_FIELDS, ...Object.getOwnPropertyNames(Object.prototype)];

/** Names that a method must not have: two of them make objects, one makes an object look like a promise. */
const UNSAFE_METHODS: readonly string[] = ["constructor", "new", "then"];

/** Hands out names that differ from each other and from `unsafe`, by underscores behind. */
class NameSpace {
  private readonly taken: Set<string>;
  private readonly outer: NameSpace | undefined;

  constructor(unsafe: Iterable<string>, outer?: NameSpace) {
    this.taken = new Set(unsafe);
    this.outer = outer;
  }

  claim(wanted: string): string {
    let name = wanted;
    while (this.has(name)) name += "_";
    this.taken.add(name);
    return name;
  }

  /** A scope inside this one, whose names hide none of those outside. */
  inner(): NameSpace {
    return new NameSpace([], this);
  }

  private has(name: string): boolean {
    return this.taken.has(name) || this.outer?.has(name) === true;
  }
}

interface TypeNames {
  readonly type: string;
  readonly codec: string;
  readonly helper: string;
}

export interface VersionNames {
  readonly constant: string;
  readonly client: string;
  readonly handlers: string;
  readonly service: string;
}

export interface ProcedureNames {
  readonly constant: string;
  readonly method: string;
  /** The type of the arguments, where the procedure has several; and its codec. */
  readonly args: string;
  readonly argsCodec: string;
}

/** The one place where names of a `.x` file become names of TypeScript. */
export class Names {
  private readonly module: NameSpace;
  private readonly constants = new Map<ConstantModel | ProgramModel, string>();
  private readonly members = new Map<EnumMemberModel, string>();
  private readonly types = new Map<NamedType, TypeNames>();
  private readonly fields = new Map<FieldModel, string>();
  private readonly locals = new Map<FieldModel, string>();
  private readonly versions = new Map<VersionModel, VersionNames>();
  private readonly procedures = new Map<ProcedureModel, ProcedureNames>();

  constructor(model: Model) {
    const programs = model.definitions.filter((definition) => definition.kind === "program");
    const ownVersions = programs.flatMap((program) => program.versions);
    const ownProcedures = ownVersions.flatMap((version) => version.procedures);
    this.module = new NameSpace([...UNSAFE, ...ownProcedures.flatMap(argNames)]);
    // Constants keep their names, so they come first; types give way.
    for (const definition of model.definitions) {
      if (definition.kind === "const" || definition.kind === "program") {
        this.constants.set(definition, this.module.claim(definition.name));
      }
    }
    const versions = this.versionConstants(programs);
    const procedures = this.procedureConstants(ownVersions);
    for (const type of namedTypes(model)) this.nameType(type);
    for (const program of programs) {
      for (const version of program.versions) {
        this.nameVersion(version, versions.get(version)!);
        this.nameProcedures(version, methodPrefix(program, version), procedures);
      }
    }
    for (const type of this.types.keys()) this.nameLocals(type);
  }

  constant(constant: ConstantModel | ProgramModel): string {
    return this.constants.get(constant)!;
  }

  /** The key of a member in the object that stands for its enum. */
  memberKey(member: EnumMemberModel): string {
    return this.members.get(member)!;
  }

  /** How code refers to a constant or to a member of an enum. */
  reference(constant: ConstantModel | EnumMemberModel): string {
    if (constant.kind === "const") return this.constant(constant);
    return `${this.type(constant.owner)}.${this.memberKey(constant)}`;
  }

  type(type: NamedType): string {
    return this.types.get(type)!.type;
  }

  codec(type: NamedType): string {
    return this.types.get(type)!.codec;
  }

  /** The function beside the codec, where it needs one: to check a member of an enum, or to decode. */
  helper(type: NamedType): string {
    return this.types.get(type)!.helper;
  }

  field(field: FieldModel): string {
    return this.fields.get(field)!;
  }

  /** A variable for the field: like the field, but hiding nothing that the code around it needs. */
  local(field: FieldModel): string {
    return this.locals.get(field)!;
  }

  version(version: VersionModel): VersionNames {
    return this.versions.get(version)!;
  }

  procedure(procedure: ProcedureModel): ProcedureNames {
    return this.procedures.get(procedure)!;
  }

  /** Versions of two programs may have one name (RFC 5531 §12.3 (2)): then the program's goes in front. */
  private versionConstants(programs: readonly ProgramModel[]): Map<VersionModel, string> {
    const names = programs.flatMap((program) => program.versions.map((version) => version.name));
    const constants = new Map<VersionModel, string>();
    for (const program of programs) {
      for (const version of program.versions) {
        const name = isRepeated(version.name, names) ? `${program.name}_${version.name}` : version.name;
        constants.set(version, this.module.claim(name));
      }
    }
    return constants;
  }

  /** Procedures of two versions may have one name (RFC 5531 §12.3 (3)): then the version goes behind, as in C. */
  private procedureConstants(versions: readonly VersionModel[]): Map<ProcedureModel, string> {
    const names = versions.flatMap((version) => version.procedures.map((procedure) => procedure.name));
    const constants = new Map<ProcedureModel, string>();
    for (const version of versions) {
      for (const procedure of version.procedures) {
        const name = isRepeated(procedure.name, names)
          ? `${procedure.name}_${version.number}`
          : procedure.name;
        constants.set(procedure, this.module.claim(name));
      }
    }
    return constants;
  }

  private nameType(type: NamedType): void {
    const name = this.module.claim(pascalCase(type.name));
    const codec = this.module.claim(`${camelCase(type.name)}Codec`);
    const helper = this.module.claim(`${type.kind === "enum" ? "check" : "decode"}${name}`);
    this.types.set(type, { type: name, codec, helper });
    const isTested = type.kind === "union" && isToldApartByFields(type);
    const inner = new NameSpace(isTested ? FIELDS_OF_ALL : UNSAFE_FIELDS);
    if (type.kind === "enum") {
      for (const member of type.members) this.members.set(member, inner.claim(member.name));
    } else {
      for (const field of fieldsOf(type)) this.fields.set(field, inner.claim(camelCase(field.name)));
    }
  }

  private nameLocals(type: NamedType): void {
    const inner = this.module.inner();
    for (const field of fieldsOf(type)) this.locals.set(field, inner.claim(this.field(field)));
  }

  private nameVersion(version: VersionModel, constant: string): void {
    this.versions.set(version, {
      constant,
      client: this.module.claim(`${pascalCase(constant)}Client`),
      handlers: this.module.claim(`${pascalCase(constant)}Handlers`),
      service: this.module.claim(`${camelCase(constant)}Service`),
    });
  }

  private nameProcedures(
    version: VersionModel,
    prefix: string,
    constants: ReadonlyMap<ProcedureModel, string>,
  ): void {
    const methods = new NameSpace(UNSAFE_METHODS);
    for (const procedure of version.procedures) {
      const constant = constants.get(procedure)!;
      const hasArgsType = procedure.args.length > 1;
      this.procedures.set(procedure, {
        constant,
        method: methods.claim(camelCase(procedure.name.slice(prefix.length))),
        args: hasArgsType ? this.module.claim(`${pascalCase(constant)}Args`) : "",
        argsCodec: hasArgsType ? this.module.claim(`${camelCase(constant)}ArgsCodec`) : "",
      });
    }
  }
}

/** What the methods of a client call the arguments of a procedure: `args`, or `arg1`, `arg2`, … if there are several. */
export function argNames(procedure: ProcedureModel): string[] {
  if (procedure.args.length === 1) return ["args"];
  return procedure.args.map((_, index) => `arg${index + 1}`);
}

function fieldsOf(type: NamedType): readonly FieldModel[] {
  if (type.kind === "struct") return type.fields;
  if (type.kind !== "union") return [];
  const inArms = [...type.arms.map((arm) => arm.field), type.otherwise?.field];
  return [type.discriminant, ...inArms.filter((field) => field !== undefined)];
}

function isRepeated(name: string, names: readonly string[]): boolean {
  return names.indexOf(name) !== names.lastIndexOf(name);
}

/** The words that the procedures of a version begin with alike; a lone one is compared with its program. */
function methodPrefix(program: ProgramModel, version: VersionModel): string {
  const own = version.procedures.map((procedure) => procedure.name);
  if (own.length > 1) return commonPrefix(own);
  const all = program.versions.flatMap((other) => other.procedures.map((procedure) => procedure.name));
  // With an underscore behind it, program CALC shares CALC_ with its procedure CALC_ADD.
  return commonPrefix([...all, `${program.name}_PROGRAM`]);
}

/** The longest common prefix that ends with an underscore and leaves something of each name. */
function commonPrefix(names: readonly string[]): string {
  const [first = ""] = names;
  for (let end = first.lastIndexOf("_"); end >= 0; end = end === 0 ? -1 : first.lastIndexOf("_", end - 1)) {
    const prefix = first.slice(0, end + 1);
    if (names.every((name) => name.startsWith(prefix) && name.length > prefix.length)) return prefix;
  }
  return "";
}
