/** A stretch of the source text: offsets of its first character and of the one behind its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place for people: both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The text of one `.x` file, and the name by which errors and generated headers call it. */
export class Source {
  readonly text: string;
  readonly name: string;
  private readonly lineStarts: readonly number[];

  constructor(text: string, name: string = "input.x") {
    this.text = text;
    this.name = name;
    const starts = [0];
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.lineStarts = starts;
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.lineStarts[low]! + 1 };
  }

  /** The text of a line, without its end. */
  line(line: number): string {
    const start = this.lineStarts[line - 1]!;
    const next = this.lineStarts[line];
    return this.text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, "");
  }
}
