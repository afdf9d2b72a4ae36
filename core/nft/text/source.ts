/**
 * Named texts and places in them. Every token, node, diagnostic and rule keeps its span to the end.
 * Positions are UTF-16 code unit offsets into `text`; lines and columns count from 1.
 */
export interface Source {
  /** File name, `<stdin>`, or the empty string for a command given as an argument: then no place is printed. */
  readonly name: string;
  readonly text: string;
  /** Where an `include` pulled this text in. */
  readonly includedFrom?: Span;
}

/** Half open: `start` inclusive, `end` exclusive. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** Files as the control plane sees them; `core/` itself opens nothing. */
export interface SourceReader {
  /** Text of a file, or undefined where it cannot be read. */
  read(path: string): string | undefined;
  /** Paths matching a shell pattern, sorted; empty where none do. */
  glob(pattern: string): string[];
}

export const NOWHERE: Span = { source: { name: "", text: "" }, start: 0, end: 0 };

export const cover = (from: Span, to: Span): Span =>
  from.source === to.source && to.end >= from.start
    ? { source: from.source, start: Math.min(from.start, to.start), end: Math.max(from.end, to.end) }
    : from;

const lineStarts = new WeakMap<Source, number[]>();

function starts(source: Source): number[] {
  let known = lineStarts.get(source);
  if (known === undefined) {
    known = [0];
    for (let at = source.text.indexOf("\n"); at >= 0; at = source.text.indexOf("\n", at + 1)) {
      known.push(at + 1);
    }
    lineStarts.set(source, known);
  }
  return known;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Line and column of an offset. */
export function placeOf(source: Source, offset: number): Place {
  const table = starts(source);
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (table[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - table[low]! + 1 };
}

/** Text of a line, without its end. */
export function lineText(source: Source, line: number): string {
  const table = starts(source);
  const from = table[line - 1] ?? 0;
  const to = table[line] ?? source.text.length + 1;
  return source.text.slice(from, to - 1);
}
