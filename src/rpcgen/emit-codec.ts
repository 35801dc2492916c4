import type { EmitContext } from "./emit-context.ts";
import type { NamedType } from "./model.ts";
import { block, type Printable } from "./printable.ts";

/** The statements of the two methods of a codec. */
export interface CodecBodies {
  readonly encode: readonly Printable[];
  readonly decode: readonly Printable[];
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
    [method("encode", "writer, value", bodies.encode), ","],
    [method("decode", "reader", bodies.decode), ","],
  ];
  const head = `export const ${names.codec(type)}: ${imports.xdr("Codec")}<${names.type(type)}> = `;
  return [head, block(methods), ";"];
}

/** A method without statements takes no parameters, so that none is unused. */
function method(name: string, parameters: string, statements: readonly Printable[]): Printable {
  const isUnused = !/\b(?:writer|reader)\b/.test(JSON.stringify(statements));
  return [`${name}(${isUnused ? "" : parameters}) `, block(statements)];
}
