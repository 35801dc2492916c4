import { codecConstant } from "./emit-codec.ts";
import type { EmitContext } from "./emit-context.ts";
import { docComment } from "./emit-doc.ts";
import type { EnumMemberModel, EnumModel } from "./model.ts";
import { block, call, object, type Printable, switchBlock } from "./printable.ts";

/** An enum: an object that holds its members, the union of their values, and a codec. */
export function emitEnum(type: EnumModel, context: EmitContext): Printable[] {
  const name = context.names.type(type);
  const doc = docComment(type.doc.length === 0 ? [`enum ${type.name}`] : type.doc);
  return [
    [doc, `export const ${name} = `, members(type, context), " as const;"],
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
    ...codecAndCheck(type, context),
  ];
}

function members(type: EnumModel, context: EmitContext): Printable {
  const entries = type.members.map((member) => `${context.names.memberKey(member)}: ${member.value}`);
  if (type.members.every((member) => member.doc.length === 0)) return object(entries);
  return block(type.members.map((member, index) => [docComment(member.doc, 2), `${entries[index]},`]));
}

/** The codec, and the function that tells members from other numbers: no other may be encoded (RFC 4506 §4.3). */
function codecAndCheck(type: EnumModel, context: EmitContext): Printable[] {
  const field = JSON.stringify(type.name);
  const check = context.names.helper(type);
  const encode = [`writer.int32(${check}(value), ${field});`];
  const decode = [`return ${check}(reader.int32(${field}));`];
  const problem = `\`\${value} is not a member of the enum\``;
  const error = call(`throw new ${context.imports.xdr("XdrError")}`, [`"XDR_BAD_ENUM"`, problem, field]);
  const labels = withoutAliases(type.members).map((member) => `case ${context.names.reference(member)}:`);
  const body = switchBlock("value", [
    { labels, statements: ["return value;"] },
    { labels: ["default:"], statements: [[error, ";"]] },
  ]);
  return [
    codecConstant(type, { encode, decode }, context),
    "",
    [`function ${check}(value: number): ${context.names.type(type)} `, block([body])],
  ];
}

/** One member a value: a second name for it adds nothing to a switch. */
function withoutAliases(members: readonly EnumMemberModel[]): EnumMemberModel[] {
  const seen = new Set<number>();
  return members.filter(({ value }) => !seen.has(value) && seen.add(value));
}
