const PATIENCE_MS = 10_000;

/** Waits until `condition` holds; gives up, loudly, after a time in which it must have come to hold. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > giveUpMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Lets everything happen that needs no time to pass: some turns of the event loop. */
export async function turns(count: number = 10): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
