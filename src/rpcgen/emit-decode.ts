import type { EmitContext } from "./emit-context.ts";
import { governed, inPlace, scalarMethod } from "./emit-encode.ts";
import { typeText } from "./emit-type.ts";
import type { ArrayType, FieldModel, OptionalType, Type } from "./model.ts";
import { call, group, indent, line, object, type Printable } from "./printable.ts";
import { isBoxed } from "./recursion.ts";

/** Whether a value of `type` is read by statements, and not by one expression. */
function needsStatements(type: Type): boolean {
  return type.kind === "fixed array" || type.kind === "variable array";
}

/**
 * The expression that reads a value of `type`, which must not need statements.
 * @param field  what an error says of the place, as a TypeScript string
 */
export function decodeExpression(type: Type, field: string, context: EmitContext): Printable {
  const inner = inPlace(type);
  switch (inner.kind) {
    case "void":
      return "undefined";
    case "fixed opaque":
      return call("reader.fixedOpaque", [context.bound(inner.bound), field]);
    case "variable opaque":
      return call("reader.varOpaque", [context.bound(inner.bound), field]);
    case "string":
      return call("reader.string", [context.bound(inner.bound), field]);
    case "optional":
      return decodeOptional(inner, field, context);
    case "fixed array":
    case "variable array":
      throw new Error("an array is not read by one expression");
    case "enum":
    case "struct":
    case "union":
    case "typedef":
      return call(`${context.names.codec(inner)}.decode`, ["reader"]);
    default:
      return call(`reader.${scalarMethod(inner.kind, context)}`, [field]);
  }
}

function decodeOptional(type: OptionalType, field: string, context: EmitContext): Printable {
  const element = decodeExpression(type.element, field, context);
  const present = isBoxed(type.element) ? object([["value: ", element]]) : element;
  return group(call("reader.bool", [field]), indent(line, "? ", present, line, ": null"));
}

/** The statements that declare `variable` and read an array into it. It grows as its elements arrive. */
export function decodeArray(
  type: ArrayType,
  variable: string,
  field: string,
  context: EmitContext,
): Printable[] {
  const bound = context.bound(type.bound);
  const count =
    type.kind === "fixed array"
      ? bound
      : call("reader.arrayLength", [bound, String(context.sizes.bytesMin(type.element)), field]);
  const push = [call(`${variable}.push`, [decodeExpression(type.element, field, context)]), ";"];
  return [
    `const ${variable}: ${typeText(type.element, context)}[] = [];`,
    governed(["for (let left = ", count, "; left > 0; left--)"], [push]),
  ];
}

/** Entries of the object that `decodeFields` returns which need no reading. */
interface KnownEntries {
  readonly ahead?: readonly Printable[];
  readonly behind?: readonly Printable[];
}

/**
 * The statements that read `fields` and return them in an object, between the known entries.
 * An array cannot be read inside the object, so it and the fields in front of it are read into variables first.
 */
export function decodeFields(
  owner: string,
  fields: readonly FieldModel[],
  context: EmitContext,
  { ahead = [], behind = [] }: KnownEntries = {},
): Printable[] {
  const { names } = context;
  const statements: Printable[] = [];
  const entries = [...ahead];
  const variables = fields.findLastIndex((field) => needsStatements(field.type)) + 1;
  for (const [index, field] of fields.entries()) {
    const label = fieldLabel(owner, field);
    const { type } = field;
    const local = names.local(field);
    if (index >= variables) {
      entries.push([`${names.field(field)}: `, decodeExpression(type, label, context)]);
      continue;
    }
    if (type.kind === "fixed array" || type.kind === "variable array") {
      statements.push(...decodeArray(type, local, label, context));
    } else {
      statements.push([`const ${local} = `, decodeExpression(type, label, context), ";"]);
    }
    entries.push(property(names.field(field), local));
  }
  return [...statements, ["return ", object([...entries, ...behind]), ";"]];
}

/** `key: value`, or only `key` where they are the same. */
export function property(key: string, value: string): string {
  return key === value ? key : `${key}: ${value}`;
}

/** What an error says of a field: `struct.field`, in the words of the `.x` file. */
export function fieldLabel(owner: string, field: FieldModel): string {
  return JSON.stringify(`${owner}.${field.name}`);
}
