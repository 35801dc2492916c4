/**
 * Text that does not know yet where its lines break, after Wadler's "A prettier printer": a group is printed on one
 * line if it fits, else each of its own line breaks becomes real.
 */
export type Printable = string | readonly Printable[] | Group | Indent | Line | WhenBroken;

interface Group {
  readonly kind: "group";
  readonly content: Printable;
}

interface Indent {
  readonly kind: "indent";
  readonly content: Printable;
}

interface Line {
  readonly kind: "line";
  /** What it is while the group is on one line; undefined: never. */
  readonly flat: string | undefined;
}

/** Text that is there only when the group is broken, such as the comma behind the last element. */
interface WhenBroken {
  readonly kind: "when broken";
  readonly text: string;
}

const INDENT = "  ";

/** A space or a line break. */
export const line: Printable = { kind: "line", flat: " " };
/** Nothing or a line break. */
export const softLine: Printable = { kind: "line", flat: "" };
/** A line break, which also breaks the groups around it. */
export const hardLine: Printable = { kind: "line", flat: undefined };

export function group(...content: Printable[]): Printable {
  return { kind: "group", content };
}

/** Text for the broken form only. */
export function whenBroken(text: string): Printable {
  return { kind: "when broken", text };
}

export function indent(...content: Printable[]): Printable {
  return { kind: "indent", content };
}

export function join(separator: Printable, items: readonly Printable[]): Printable {
  return items.flatMap((item, index) => (index === 0 ? [item] : [separator, item]));
}

/** `open`, the items with a separator, `close`: on one line, or an item a line with a separator behind each. */
function enclosed(
  open: string,
  items: readonly Printable[],
  close: string,
  padding: Printable,
  separator: string,
): Printable {
  if (items.length === 0) return open + close;
  const inside = [join([separator, line], items), whenBroken(separator)];
  return group(open, indent(padding, inside), padding, close);
}

/** `name(argument, …)`. */
export function call(name: string, args: readonly Printable[]): Printable {
  return enclosed(`${name}(`, args, ")", softLine, ",");
}

/** `name([item, …])`. */
export function callWithArray(name: string, items: readonly Printable[]): Printable {
  return enclosed(`${name}([`, items, "])", softLine, ",");
}

/** `{ entry, … }`. */
export function object(entries: readonly Printable[], separator: "," | ";" = ","): Printable {
  return enclosed("{", entries, "}", line, separator);
}

/** `{`, a line each, `}`. */
export function block(lines: readonly Printable[]): Printable {
  if (lines.length === 0) return "{}";
  return ["{", indent(hardLine, join(hardLine, lines)), hardLine, "}"];
}

export interface SwitchCase {
  /** `case A:` or `default:`, a line each. */
  readonly labels: readonly Printable[];
  readonly statements: readonly Printable[];
  /** Whether the statements declare variables, which only braces give a scope of their own. */
  readonly hasVariables?: boolean;
}

export function switchBlock(subject: string, cases: readonly SwitchCase[]): Printable {
  const lines = cases.map(({ labels, statements, hasVariables }) => {
    const head = join(hardLine, labels);
    if (hasVariables === true) return [head, " ", block(statements)];
    return [head, indent(statements.map((statement): Printable => [hardLine, statement]))];
  });
  return [`switch (${subject}) `, block(lines)];
}

interface Frame {
  readonly indent: string;
  readonly flat: boolean;
  readonly item: Printable;
}

/** Lays `item` out in lines of at most `width` columns, as far as its line breaks allow. */
export function print(item: Printable, width: number): string {
  const lines: string[] = [];
  let text = "";
  const stack: Frame[] = [{ indent: "", flat: false, item }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { indent: margin, flat, item: current } = frame;
    if (typeof current === "string") {
      text += current;
    } else if (isSequence(current)) {
      for (const part of [...current].reverse()) stack.push({ indent: margin, flat, item: part });
    } else if (current.kind === "group") {
      const fitting = flat || fits(current.content, stack, width - text.length);
      stack.push({ indent: margin, flat: fitting, item: current.content });
    } else if (current.kind === "indent") {
      stack.push({ indent: margin + INDENT, flat, item: current.content });
    } else if (current.kind === "when broken") {
      stack.push({ indent: margin, flat, item: flat ? "" : current.text });
    } else if (flat && current.flat !== undefined) {
      stack.push({ indent: margin, flat, item: current.flat });
    } else {
      lines.push(text.trimEnd());
      text = margin;
    }
  }
  return [...lines, text].join("\n");
}

/** Whether `content` on one line, and what follows it up to the next possible line break, fits into `room`. */
function fits(content: Printable, rest: readonly Frame[], room: number): boolean {
  let left = room;
  let below = rest.length;
  const stack: Omit<Frame, "indent">[] = [{ flat: true, item: content }];
  while (left >= 0) {
    let frame = stack.pop();
    if (frame === undefined) {
      if (below === 0) return true;
      below -= 1;
      frame = rest[below]!;
    }
    const { flat, item } = frame;
    if (typeof item === "string") left -= item.length;
    else if (isSequence(item)) for (const part of [...item].reverse()) stack.push({ flat, item: part });
    else if (item.kind === "group" || item.kind === "indent") stack.push({ flat, item: item.content });
    else if (item.kind === "when broken") left -= flat ? 0 : item.text.length;
    else if (!flat) return true;
    else if (item.flat === undefined) return false;
    else left -= item.flat.length;
  }
  return false;
}

function isSequence(item: Printable): item is readonly Printable[] {
  return Array.isArray(item);
}
