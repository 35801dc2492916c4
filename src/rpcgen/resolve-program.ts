import type { Constant, ProcedureDefinition, ProgramDefinition, VersionDefinition } from "./ast.ts";
import type { ProcedureModel, ProgramModel, VersionModel } from "./model.ts";
import { reportDuplicates } from "./scope.ts";
import type { Span } from "./source.ts";
import type { TypeResolver } from "./type-resolver.ts";

/** The programs of a file must differ in their numbers (RFC 5531 §12.3). */
export function checkProgramNumbers(programs: readonly ProgramDefinition[], types: TypeResolver): void {
  const numbers = programs.map((program) => program.number);
  reportDuplicateNumbers(types, numbers, "program", "this file");
}

/** A program with its versions and procedures, whose names and numbers are unique (RFC 5531 §12.3). */
export function resolveProgram(node: ProgramDefinition, types: TypeResolver): ProgramModel {
  const { name, number, versions } = node;
  const where = `program ${name.text}`;
  reportDuplicates(
    types.scope,
    versions.map((version) => version.name),
    where,
  );
  reportDuplicateNumbers(
    types,
    versions.map((version) => version.number),
    "version",
    where,
  );
  return {
    kind: "program",
    name: name.text,
    number: types.constants.number(number, "a program"),
    numberText: number.text,
    versions: versions.map((version) => resolveVersion(version, types)),
    doc: node.doc,
  };
}

function resolveVersion(node: VersionDefinition, types: TypeResolver): VersionModel {
  const { name, number, procedures } = node;
  const where = `version ${name.text}`;
  reportDuplicates(
    types.scope,
    procedures.map((procedure) => procedure.name),
    where,
  );
  reportDuplicateNumbers(
    types,
    procedures.map((procedure) => procedure.number),
    "procedure",
    where,
  );
  return {
    name: name.text,
    number: types.constants.number(number, "a version"),
    numberText: number.text,
    procedures: procedures.map((procedure) => resolveProcedure(procedure, types)),
    doc: node.doc,
  };
}

function resolveProcedure(node: ProcedureDefinition, types: TypeResolver): ProcedureModel {
  const { name, number, args, result } = node;
  return {
    name: name.text,
    number: types.constants.number(number, "a procedure"),
    numberText: number.text,
    args: args.map((type) => types.type(type)),
    result: result === undefined ? { kind: "void" } : types.type(result),
    doc: node.doc,
  };
}

function reportDuplicateNumbers(
  types: TypeResolver,
  numbers: readonly Constant[],
  what: string,
  where: string,
): void {
  const first = new Map<bigint, Span>();
  for (const { value, text, span } of numbers) {
    const before = first.get(value);
    if (before === undefined) first.set(value, span);
    else
      types.scope.reportDuplicate(
        `there already is a ${what} ${text} in ${where}`,
        span,
        before,
        "first used here",
      );
  }
}
