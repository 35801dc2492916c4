/** Waits that all end at once when there is nothing left to wait for. */
export class Pauses {
  private readonly ends = new Set<() => void>();

  /** Resolves after `delayMs`, or when `signal` is aborted or `endAll` is called. */
  wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.ends.delete(end);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, delayMs);
      this.ends.add(end);
      signal?.addEventListener("abort", end);
    });
  }

  endAll(): void {
    for (const end of [...this.ends]) end();
  }
}
