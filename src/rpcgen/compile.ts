import { emitFile } from "./emit-file.ts";
import { type Diagnostic, RpcgenError } from "./errors.ts";
import { type CompileOptions, withDefaults } from "./options.ts";
import { parse } from "./parser.ts";
import { resolve } from "./resolver.ts";
import type { Source } from "./source.ts";

/**
 * Compiles a `.x` file, in the languages of RFC 4506 §6 and RFC 5531 §12, to one TypeScript module.
 *
 * @returns the text of the module
 * @throws RpcgenError with everything that is wrong with the file
 */
export function compile(source: Source, options: CompileOptions = {}): string {
  const diagnostics: Diagnostic[] = [];
  const model = resolve(parse(source, diagnostics), diagnostics);
  if (diagnostics.length > 0) throw new RpcgenError(source, diagnostics);
  return emitFile(model, source.name, withDefaults(options));
}
