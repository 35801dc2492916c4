import { argNames, argParameters } from "./emit-client.ts";
import type { EmitContext } from "./emit-context.ts";
import { docComment } from "./emit-doc.ts";
import { typeText } from "./emit-type.ts";
import type { ProcedureModel, ProgramModel, VersionModel } from "./model.ts";
import { array, block, call, group, indent, line, object, type Printable } from "./printable.ts";

/** What a server of a version implements, and the function that makes a dispatch table of it. */
export function emitServer(program: ProgramModel, version: VersionModel, context: EmitContext): Printable[] {
  return [emitHandlers(program, version, context), "", emitService(program, version, context)];
}

function emitHandlers(program: ProgramModel, version: VersionModel, context: EmitContext): Printable {
  const callContext = context.imports.oncrpc("CallContext");
  const methods = version.procedures.map((procedure) => {
    const parameters = [...argParameters(procedure, context), `context: ${callContext}`];
    const result = typeText(procedure.result, context);
    const { method } = context.names.procedure(procedure);
    return [docComment(procedure.doc, 2), call(method, parameters), `: ${result} | Promise<${result}>;`];
  });
  return [
    docComment([`What a server of version ${version.name} of ${program.name} answers.`]),
    `export interface ${context.names.version(version).handlers} `,
    block(methods),
  ];
}

function emitService(program: ProgramModel, version: VersionModel, context: EmitContext): Printable {
  const { names, imports } = context;
  const { service, handlers, constant } = names.version(version);
  const rows = version.procedures.map((procedure) => emitRow(procedure, context));
  return [
    docComment([`The dispatch table of version ${version.name}, for a server.`]),
    `export function ${service}(handlers: ${handlers}): ${imports.oncrpc("RpcService")} `,
    block([
      [
        "return ",
        block([
          `name: ${JSON.stringify(version.name)},`,
          `prog: ${names.constant(program)},`,
          `vers: ${constant},`,
          ["procedures: new Map(", block(rows, "[", "]"), "),"],
        ]),
        ";",
      ],
    ]),
  ];
}

/** `[KV_PUT.proc, { procedure: KV_PUT, handler: (args: KvPutArgs, context) => handlers.put(args, context) }],` */
function emitRow(procedure: ProcedureModel, context: EmitContext): Printable {
  const { constant, method, args } = context.names.procedure(procedure);
  const [only, ...others] = procedure.args;
  let parameter = "_args";
  let values = ["context"];
  if (others.length > 0) {
    parameter = `args: ${args}`;
    values = [...argNames(procedure).map((name) => `args.${name}`), "context"];
  } else if (only !== undefined) {
    parameter = `args: ${typeText(only, context)}`;
    values = ["args", "context"];
  }
  const handler = [
    call("handler: ", [parameter, "context"]),
    " =>",
    indent(line, call(`handlers.${method}`, values)),
  ];
  return [array([`${constant}.proc`, object([`procedure: ${constant}`, group(handler)])]), ","];
}
