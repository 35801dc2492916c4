import type { EmitContext } from "./emit-context.ts";
import { docComment } from "./emit-doc.ts";
import type { ConstantModel } from "./model.ts";
import type { Printable } from "./printable.ts";

export function emitConstant(constant: ConstantModel, context: EmitContext): Printable {
  const literal = numberLiteral(constant.text);
  const isExact = Number.isSafeInteger(Number(constant.value));
  return [
    docComment(constant.doc),
    `export const ${context.names.constant(constant)} = ${isExact ? literal : `${literal}n`};`,
  ];
}

/** A number of the `.x` file in TypeScript: the same but for octal ones, and hexadecimal digits in lower case. */
export function numberLiteral(text: string): string {
  // -0 is 0 in the file, but another number than 0 in TypeScript.
  const sign = /^-[0x]*$/i.test(text) ? "" : "-";
  return text
    .toLowerCase()
    .replace(/^-/, sign)
    .replace(/^(-?)0(?=[0-7])/, "$10o");
}
