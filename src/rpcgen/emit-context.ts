import { EncodedSizes } from "./encoded-size.ts";
import { Imports } from "./imports.ts";
import { type Bound, type Model, namedTypes } from "./model.ts";
import { Names, type ROW, type WRITABLE } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";
import { Recursion } from "./recursion.ts";

/** What all emitters of one file share. */
export class EmitContext {
  readonly names: Names;
  readonly imports: Imports = new Imports();
  readonly recursion: Recursion;
  readonly sizes: EncodedSizes;
  readonly options: ResolvedOptions;
  /** The helpers that some code uses, which the file must then declare. */
  readonly helpers: Set<typeof WRITABLE | typeof ROW> = new Set();

  constructor(model: Model, options: ResolvedOptions) {
    this.names = new Names(model);
    this.sizes = new EncodedSizes(namedTypes(model));
    this.recursion = new Recursion(model);
    this.options = options;
  }

  /** A length or bound, by the name that the file gives it. */
  bound(bound: Bound | undefined): string {
    if (bound === undefined) return this.imports.xdr("UNBOUNDED");
    return bound.constant === undefined ? String(bound.value) : this.names.reference(bound.constant);
  }
}
