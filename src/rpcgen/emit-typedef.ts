import { codec } from "./emit-codec.ts";
import type { EmitContext } from "./emit-context.ts";
import { decodeArray, decodeExpression } from "./emit-decode.ts";
import { docComment } from "./emit-doc.ts";
import { encodeStatements } from "./emit-encode.ts";
import { declarationText, typeText } from "./emit-type.ts";
import type { TypedefModel } from "./model.ts";
import type { Printable } from "./printable.ts";

/** A typedef: an alias and a codec. The comment keeps the declaration, which says more than the alias. */
export function emitTypedef(type: TypedefModel, context: EmitContext): Printable[] {
  const declaration = `\`typedef ${declarationText(type.name, type.target)}\``;
  const doc = docComment(type.doc.length === 0 ? [declaration] : [...type.doc, "", declaration]);
  const alias = `export type ${context.names.type(type)} = ${typeText(type.target, context)};`;
  const field = JSON.stringify(type.name);
  const encode = encodeStatements(type.target, "value", field, context);
  return [[doc, alias], ...codec(type, { encode, decode: decode(type, field, context) }, context)];
}

function decode({ target }: TypedefModel, field: string, context: EmitContext): Printable[] {
  if (target.kind === "fixed array" || target.kind === "variable array") {
    return [...decodeArray(target, "items", field, context), "return items;"];
  }
  return [["return ", decodeExpression(target, field, context), ";"]];
}
