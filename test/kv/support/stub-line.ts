/** One question to a leader, which the test answers. */
export interface AskedQuestion<Args, Answer> {
  readonly leader: number;
  readonly args: Args;
  readonly timeoutMs: number;
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: Error) => void;
}

type ForwardArgs = { readonly proc: number; readonly args: Uint8Array };
type ReadIndexAnswer = { readonly index: number; readonly term: number } | null;

/** Stands in for the way to the leader: takes calls down and leaves the answers to the test. */
export class StubLine {
  readonly forwards: AskedQuestion<ForwardArgs, Uint8Array | null>[] = [];
  readonly readIndexes: AskedQuestion<null, ReadIndexAnswer>[] = [];

  forward(leader: number, proc: number, args: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    // As the real one does where nobody is there to be asked.
    if (leader === 0) return Promise.resolve(null);
    return new Promise((answer, fail) => {
      // The real one encodes the call at once, so what it is given may change later.
      this.forwards.push({ leader, args: { proc, args: Uint8Array.from(args) }, timeoutMs, answer, fail });
    });
  }

  readIndex(leader: number, timeoutMs: number): Promise<ReadIndexAnswer> {
    return new Promise((answer, fail) => {
      this.readIndexes.push({ leader, args: null, timeoutMs, answer, fail });
    });
  }
}
