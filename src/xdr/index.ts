/**
 * XDR (RFC 4506): a strict reader, a checking writer, and codecs for the types that need no declaration.
 * Codecs for declared types come out of `rpcgen-ts`.
 */
export * from "./codec.ts";
export * from "./errors.ts";
export * from "./quadruple.ts";
export { XdrReader, type XdrReaderOptions } from "./reader.ts";
export { XdrWriter } from "./writer.ts";
