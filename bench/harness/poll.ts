const INTERVAL_MS = 20;

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Asks again and again until there is an answer. A rejection counts as no answer yet.
 * @throws Error when there is none in time, with the last rejection as its cause
 */
export async function poll<T>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    await sleep(INTERVAL_MS);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`, { cause });
}
