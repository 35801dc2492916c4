import { emitClient } from "./emit-client.ts";
import { numberLiteral } from "./emit-constant.ts";
import type { EmitContext } from "./emit-context.ts";
import { decodeExpression } from "./emit-decode.ts";
import { docComment } from "./emit-doc.ts";
import { encodeStatements, scalarMethod } from "./emit-encode.ts";
import { emitServer } from "./emit-server.ts";
import { typeText } from "./emit-type.ts";
import type { XdrName } from "./imports.ts";
import type { ProcedureModel, ProgramModel, Type, VersionModel } from "./model.ts";
import { argNames } from "./names.ts";
import { block, object, type Printable } from "./printable.ts";

/** A program: its number, and for each version its number, its procedures, a client and what a server needs. */
export function emitProgram(program: ProgramModel, context: EmitContext): Printable[] {
  const number = `export const ${context.names.constant(program)} = ${numberLiteral(program.numberText)};`;
  const versions = program.versions.map((version) => emitVersion(program, version, context));
  return [
    [docComment(program.doc), number],
    ...versions.flatMap((code, index) => (index > 0 ? ["", ...code] : code)),
  ];
}

function emitVersion(program: ProgramModel, version: VersionModel, context: EmitContext): Printable[] {
  const { names, options } = context;
  const number = `export const ${names.version(version).constant} = ${numberLiteral(version.numberText)};`;
  return [
    [docComment(version.doc), number],
    ...version.procedures.flatMap((procedure) => emitProcedure(program, version, procedure, context)),
    ...(options.client ? ["", emitClient(program, version, context)] : []),
    ...(options.server ? ["", ...emitServer(program, version, context)] : []),
  ];
}

function emitProcedure(
  program: ProgramModel,
  version: VersionModel,
  procedure: ProcedureModel,
  context: EmitContext,
): Printable[] {
  const { names, imports } = context;
  const { constant } = names.procedure(procedure);
  const type = `${imports.oncrpc("Procedure")}<${argsType(procedure, context)}, ${typeText(procedure.result, context)}>`;
  const entries = [
    `name: ${JSON.stringify(procedure.name)}`,
    `prog: ${names.constant(program)}`,
    `vers: ${names.version(version).constant}`,
    `proc: ${numberLiteral(procedure.numberText)}`,
    `args: ${argsCodec(procedure, context)}`,
    `result: ${codecOf(procedure.result, context)}`,
  ];
  const lines = entries.map((entry) => `${entry},`);
  return [
    "",
    ...emitArgs(procedure, context),
    [docComment(procedure.doc), `export const ${constant}: ${type} = `, block(lines), ";"],
  ];
}

/** Several arguments are encoded one behind the other, like the fields of a struct (RFC 5531 §12.3 (6)). */
function emitArgs(procedure: ProcedureModel, context: EmitContext): Printable[] {
  if (procedure.args.length < 2) return [];
  const { names, imports } = context;
  const { args, argsCodec } = names.procedure(procedure);
  const fields = argNames(procedure).map((name, index) => ({ name, type: procedure.args[index]! }));
  const label = (name: string): string => JSON.stringify(`${procedure.name}.${name}`);
  const encode = fields.flatMap(({ type, name }) =>
    encodeStatements(type, `value.${name}`, label(name), context),
  );
  const decode = fields.map(({ type, name }) => [`${name}: `, decodeExpression(type, label(name), context)]);
  return [
    [
      docComment([`The arguments of ${procedure.name}.`]),
      `export interface ${args} `,
      block(fields.map(({ type, name }) => `readonly ${name}: ${typeText(type, context)};`)),
    ],
    [
      `export const ${argsCodec}: ${imports.xdr("Codec")}<${args}> = `,
      block([
        ["encode(writer, value) ", block(encode), ","],
        ["decode(reader) ", block([["return ", object(decode), ";"]]), ","],
      ]),
      ";",
    ],
    "",
  ];
}

function argsType(procedure: ProcedureModel, context: EmitContext): string {
  const [only, ...others] = procedure.args;
  if (others.length > 0) return context.names.procedure(procedure).args;
  return only === undefined ? "void" : typeText(only, context);
}

function argsCodec(procedure: ProcedureModel, context: EmitContext): string {
  const [only, ...others] = procedure.args;
  if (others.length > 0) return context.names.procedure(procedure).argsCodec;
  return codecOf(only ?? { kind: "void" }, context);
}

const SCALAR_CODECS: Readonly<Record<string, XdrName>> = {
  int32: "int32Codec",
  uint32: "uint32Codec",
  hyper: "hyperCodec",
  hyperNumber: "hyperNumberCodec",
  uhyper: "uhyperCodec",
  uhyperNumber: "uhyperNumberCodec",
  float: "floatCodec",
  double: "doubleCodec",
  quadruple: "quadrupleCodec",
  bool: "boolCodec",
};

/** The codec of a type as it may stand in a procedure: a scalar, or a type with a name. */
function codecOf(type: Type, context: EmitContext): string {
  switch (type.kind) {
    case "void":
      return context.imports.xdr("voidCodec");
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return context.names.codec(type);
    case "fixed opaque":
    case "variable opaque":
    case "string":
    case "fixed array":
    case "variable array":
    case "optional":
      throw new Error(`a procedure takes no ${type.kind} (RFC 5531 §12.2)`);
    default:
      return context.imports.xdr(SCALAR_CODECS[scalarMethod(type.kind, context)]!);
  }
}
