import { createRequire } from "node:module";

/** A logger of the `debug` package, or one that does nothing. */
export interface Log {
  (format: string, ...values: readonly unknown[]): void;
  /** False: nothing is listening. Look here before building an expensive argument. */
  readonly enabled: boolean;
}

const silent: Log = Object.assign(() => {}, { enabled: false });

/**
 * The logger `sundial:<module>`.
 *
 * `debug` is loaded only when the environment variable `DEBUG` is set, because loading it takes a good part of
 * the start-up time of a one-shot command. `debug.enable()` at run time therefore comes too late.
 */
export function logFor(module: string): Log {
  if (!process.env["DEBUG"]) return silent;
  const debug: (namespace: string) => Log = createRequire(import.meta.url)("debug");
  return debug(`sundial:${module}`);
}
