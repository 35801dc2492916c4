import { Imports } from "./imports.ts";
import type { Bound, Model } from "./model.ts";
import { Names } from "./names.ts";
import type { ResolvedOptions } from "./options.ts";
import { Recursion } from "./recursion.ts";

/** What all emitters of one file share. */
export class EmitContext {
  readonly names: Names;
  readonly imports: Imports = new Imports();
  readonly recursion: Recursion;
  readonly options: ResolvedOptions;
  /** Whether some code uses the helper type `Writable`, which the file must then declare. */
  usesWritable = false;

  constructor(model: Model, options: ResolvedOptions) {
    this.names = new Names(model);
    this.recursion = new Recursion(model);
    this.options = options;
  }

  /** A length or bound, by the name that the file gives it. */
  bound(bound: Bound | undefined): string {
    if (bound === undefined) return this.imports.xdr("UNBOUNDED");
    return bound.constant === undefined ? String(bound.value) : this.names.reference(bound.constant);
  }
}
