/** What a promise that must reject rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("error" in outcome) return outcome.error;
  throw new Error(`resolved with ${String(outcome.value)}`);
}

/** The same, when it must be of one class. */
export async function failureOfClass<T>(
  type: new (...args: never[]) => T,
  promise: Promise<unknown>,
): Promise<T> {
  const error = await failureOf(promise);
  if (error instanceof type) return error;
  throw new Error(`expected a ${type.name}, got ${String(error)}`, { cause: error });
}
