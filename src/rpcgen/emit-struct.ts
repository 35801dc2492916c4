import { type CodecBodies, codec, codecConstant } from "./emit-codec.ts";
import type { EmitContext } from "./emit-context.ts";
import { decodeFields, fieldLabel } from "./emit-decode.ts";
import { docComment } from "./emit-doc.ts";
import { encodeStatements } from "./emit-encode.ts";
import { typeText } from "./emit-type.ts";
import type { FieldModel, StructModel } from "./model.ts";
import { WRITABLE } from "./names.ts";
import { block, type Printable } from "./printable.ts";
import { tailLink } from "./recursion.ts";

/** A struct: an interface and a codec. */
export function emitStruct(type: StructModel, context: EmitContext): Printable[] {
  const members = type.fields.map((field) => member(field, context));
  const doc = docComment(type.doc.length === 0 ? [`struct ${type.name}`] : type.doc);
  const definition = [doc, `export interface ${context.names.type(type)} `, block(members)];
  const link = tailLink(type);
  if (link !== undefined) return [definition, ...listCodec(type, link, context)];
  const encode = encodeFields(type, type.fields, "value", context);
  const decode = decodeFields(type.name, type.fields, context);
  return [definition, ...codec(type, { encode, decode, isEmpty: type.fields.length === 0 }, context)];
}

/** `readonly field: Type;` with the comment in front. */
export function member(field: FieldModel, context: EmitContext): Printable {
  const declaration = `readonly ${context.names.field(field)}: ${typeText(field.type, context)};`;
  return [docComment(field.doc, 2), declaration];
}

function encodeFields(
  type: StructModel,
  fields: readonly FieldModel[],
  value: string,
  context: EmitContext,
): Printable[] {
  return fields.flatMap((field) =>
    encodeStatements(
      field.type,
      `${value}.${context.names.field(field)}`,
      fieldLabel(type.name, field),
      context,
    ),
  );
}

/** The codec of a linked list: loops over the links, which a function of its own reads one by one. */
function listCodec(type: StructModel, link: FieldModel, context: EmitContext): Printable[] {
  const { names, imports } = context;
  const name = names.type(type);
  const others = type.fields.filter((field) => field !== link);
  const next = names.field(link);
  const label = fieldLabel(type.name, link);
  const loop = `for (let link: ${name} | null = value; link !== null; link = link.${next}) `;
  const steps = [
    ...encodeFields(type, others, "link", context),
    `writer.bool(link.${next} !== null, ${label});`,
  ];
  const bodies: CodecBodies = {
    encode: [[loop, block(steps)]],
    decode: listDecoder(type, next, label, context),
  };

  context.helpers.add(WRITABLE);
  const result = `${WRITABLE}<${name}>`;
  const helper = `function ${names.helper(type)}(reader: ${imports.xdr("XdrReader")}): ${result} `;
  const doc = docComment([`One ${type.name} without those behind it.`]);
  return [
    codecConstant(type, bodies, context),
    "",
    [doc, helper, block(decodeFields(type.name, others, context, { behind: [`${next}: null`] }))],
  ];
}

function listDecoder(type: StructModel, next: string, label: string, context: EmitContext): Printable[] {
  const decode = context.names.helper(type);
  const steps = [`const next = ${decode}(reader);`, `tail.${next} = next;`, "tail = next;"];
  const loop = [
    `const head = ${decode}(reader);`,
    "let tail = head;",
    [`while (reader.bool(${label})) `, block(steps)],
  ];
  if (!context.recursion.isRecursive(type)) return [...loop, "return head;"];
  return [`reader.enter(${JSON.stringify(type.name)});`, ...loop, "reader.leave();", "return head;"];
}
