import type { EmitContext } from "./emit-context.ts";
import { docComment } from "./emit-doc.ts";
import { typeText } from "./emit-type.ts";
import type { ProcedureModel, ProgramModel, VersionModel } from "./model.ts";
import { argNames } from "./names.ts";
import { block, call, type Printable } from "./printable.ts";

/** The class that calls the procedures of a version, a method each. */
export function emitClient(program: ProgramModel, version: VersionModel, context: EmitContext): Printable {
  const { names, imports } = context;
  const caller = imports.oncrpc("RpcCaller");
  const methods = version.procedures.flatMap((procedure) => ["", emitMethod(procedure, context)]);
  return [
    docComment([`Calls version ${version.name} of ${program.name}.`]),
    `export class ${names.version(version).client} `,
    block([
      `readonly #caller: ${caller};`,
      "",
      [`constructor(caller: ${caller}) `, block(["this.#caller = caller;"])],
      ...methods,
    ]),
  ];
}

function emitMethod(procedure: ProcedureModel, context: EmitContext): Printable {
  const { constant, method } = context.names.procedure(procedure);
  const parameters = [
    ...argParameters(procedure, context),
    `options?: ${context.imports.oncrpc("CallOptions")}`,
  ];
  const result = `Promise<${typeText(procedure.result, context)}>`;
  const value = argsValue(procedure);
  return [
    docComment(procedure.doc, 2),
    call(method, parameters),
    `: ${result} `,
    block([["return ", call("this.#caller.call", [constant, value, "options"]), ";"]]),
  ];
}

/** `args: FooArgs`, or `arg1: Foo`, `arg2: Bar` where there are several, or nothing. */
export function argParameters(procedure: ProcedureModel, context: EmitContext): string[] {
  return argNames(procedure).map((name, index) => `${name}: ${typeText(procedure.args[index]!, context)}`);
}

function argsValue(procedure: ProcedureModel): string {
  if (procedure.args.length === 0) return "undefined";
  return procedure.args.length === 1 ? "args" : `{ ${argNames(procedure).join(", ")} }`;
}
