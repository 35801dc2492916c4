import { object, type Printable } from "./printable.ts";

/** What generated code may import. The names are kept free of everything that a `.x` file defines. */
export const XDR_TYPES = ["Codec", "XdrReader"] as const;
export const XDR_VALUES = [
  "UNBOUNDED",
  "XdrError",
  "boolCodec",
  "doubleCodec",
  "floatCodec",
  "hyperCodec",
  "hyperNumberCodec",
  "int32Codec",
  "quadrupleCodec",
  "uhyperCodec",
  "uhyperNumberCodec",
  "uint32Codec",
  "voidCodec",
] as const;
export const ONCRPC_TYPES = [
  "CallContext",
  "CallOptions",
  "Handler",
  "Procedure",
  "RpcCaller",
  "RpcService",
] as const;

export type XdrName = (typeof XDR_TYPES)[number] | (typeof XDR_VALUES)[number];
export type OncrpcName = (typeof ONCRPC_TYPES)[number];

const typesOnly: ReadonlySet<string> = new Set([...XDR_TYPES, ...ONCRPC_TYPES]);

/** Remembers which names of the runtime the code has used. */
export class Imports {
  private readonly xdrNames = new Set<XdrName>();
  private readonly oncrpcNames = new Set<OncrpcName>();

  /** @returns `name`, for use in the code */
  xdr(name: XdrName): string {
    this.xdrNames.add(name);
    return name;
  }

  /** @returns `name`, for use in the code */
  oncrpc(name: OncrpcName): string {
    this.oncrpcNames.add(name);
    return name;
  }

  /** The import declarations, a line each; to be called when all code is made. */
  printable(xdrModule: string, oncrpcModule: string): Printable[] {
    return [importOf(this.oncrpcNames, oncrpcModule), importOf(this.xdrNames, xdrModule)].flat();
  }
}

function importOf(names: ReadonlySet<string>, module: string): Printable[] {
  if (names.size === 0) return [];
  const sorted = [...names].sort();
  const allTypes = sorted.every((name) => typesOnly.has(name));
  const specifiers = sorted.map((name) => (typesOnly.has(name) && !allTypes ? `type ${name}` : name));
  return [[allTypes ? "import type " : "import ", object(specifiers), ` from ${JSON.stringify(module)};`]];
}
