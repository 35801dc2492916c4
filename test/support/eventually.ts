/** So long a condition may take that has to come true, on a machine that is busy with other things. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 20;

/** What is asked for will never be: `eventually` asks no more. */
export class HopelessError extends Error {
  override readonly name: string = "HopelessError";
}

/**
 * Asks again and again until there is an answer. A rejection counts as no answer yet.
 * @throws HopelessError as it came
 * @throws Error when none comes, with the last rejection as its cause
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const giveUpMs = performance.now() + patienceMs;
  let cause: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      if (error instanceof HopelessError) throw error;
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  } while (performance.now() < giveUpMs);
  throw new Error(`waited in vain: ${what}`, { cause });
}
