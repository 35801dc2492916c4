import { argParameters } from "./emit-client.ts";
import type { EmitContext } from "./emit-context.ts";
import { docComment } from "./emit-doc.ts";
import { typeText } from "./emit-type.ts";
import type { ProcedureModel, ProgramModel, VersionModel } from "./model.ts";
import { argNames, ROW, ROW_TYPE } from "./names.ts";
import {
  block,
  call,
  callWithArray,
  group,
  indent,
  line,
  type Printable,
  softLine,
  whenBroken,
} from "./printable.ts";

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
  context.helpers.add(ROW);
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
          [callWithArray("procedures: new Map", rows), ","],
        ]),
        ";",
      ],
    ]),
  ];
}

/** `dispatch(KV_PUT, (args, context) => handlers.put(args, context)),` */
function emitRow(procedure: ProcedureModel, context: EmitContext): Printable {
  const { constant, method } = context.names.procedure(procedure);
  const count = procedure.args.length;
  const parameter = count === 0 ? "_args" : "args";
  const values = count > 1 ? argNames(procedure).map((name) => `args.${name}`) : argNames(procedure);
  const result = call(`handlers.${method}`, [...values, "context"]);
  const handler = [`(${parameter}, context) =>`, indent(line, result), whenBroken(","), softLine];
  return group(`${ROW}(${constant}, `, handler, ")");
}

/** The function that ties a procedure to a handler of its types, and the type of what a table has in its rows. */
export function rowHelper(context: EmitContext): Printable[] {
  const { imports } = context;
  const rowType = `[number, ${ROW_TYPE}]`;
  return [
    `type ${ROW_TYPE} = NonNullable<ReturnType<${imports.oncrpc("RpcService")}["procedures"]["get"]>>;`,
    "",
    [
      call(`function ${ROW}<Args, Result>`, [
        `procedure: ${imports.oncrpc("Procedure")}<Args, Result>`,
        `handler: ${imports.oncrpc("Handler")}<Args, Result>`,
      ]),
      `: ${rowType} `,
      block(["return [procedure.proc, { procedure, handler }];"]),
    ],
  ];
}
