/** An amount of memory that several users share. */
export class ByteBudget {
  private readonly limitBytes: number;
  private takenBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Takes `bytes` out of it; false, and nothing is taken, when there is not so much left. */
  take(bytes: number): boolean {
    if (this.takenBytes + bytes > this.limitBytes) return false;
    this.takenBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.takenBytes -= bytes;
  }
}
