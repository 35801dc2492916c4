/**
 * The compiler from ONC RPC's `.x` files to TypeScript, as a library.
 *
 *     compile(new Source(readFileSync("idl/kv.x", "utf8"), "idl/kv.x"))
 */
export { compile } from "./compile.ts";
export { type Diagnostic, formatDiagnostic, type RelatedPlace, RpcgenError } from "./errors.ts";
export type { CompileOptions } from "./options.ts";
export { type Position, Source, type Span } from "./source.ts";
