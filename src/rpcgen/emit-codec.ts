import type { EmitContext } from "./emit-context.ts";
import type { NamedType } from "./model.ts";
import { block, type Printable } from "./printable.ts";

/** The statements of the two methods of a codec. */
export interface CodecBodies {
  readonly encode: readonly Printable[];
  readonly decode: readonly Printable[];
  /** Whether the type has no parts at all: the methods then have no use for their parameters. */
  readonly isEmpty?: boolean;
}

/**
 * `export const fooCodec: Codec<Foo> = {…};`
 *
 * The decoder of a type that may contain itself stands in a function of its own, so that the codec can count around
 * it how deep it is.
 */
export function codec(type: NamedType, bodies: CodecBodies, context: EmitContext): Printable[] {
  if (!context.recursion.isRecursive(type)) return [codecConstant(type, bodies, context)];
  const { names, imports } = context;
  const helper = `function ${names.helper(type)}(reader: ${imports.xdr("XdrReader")}): ${names.type(type)} `;
  const decode = [
    `reader.enter(${JSON.stringify(type.name)});`,
    `const value = ${names.helper(type)}(reader);`,
    "reader.leave();",
    "return value;",
  ];
  return [codecConstant(type, { ...bodies, decode }, context), "", [helper, block(bodies.decode)]];
}

export function codecConstant(type: NamedType, bodies: CodecBodies, context: EmitContext): Printable {
  const { names, imports } = context;
  const methods = [
    method("encode", "writer, value", bodies, bodies.encode),
    method("decode", "reader", bodies, bodies.decode),
  ];
  const head = `export const ${names.codec(type)}: ${imports.xdr("Codec")}<${names.type(type)}> = `;
  return [head, block(methods), ";"];
}

function method(
  name: string,
  parameters: string,
  { isEmpty }: CodecBodies,
  statements: readonly Printable[],
): Printable {
  return [`${name}(${isEmpty === true ? "" : parameters}) `, block(statements), ","];
}
