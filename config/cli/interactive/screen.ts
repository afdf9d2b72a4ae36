/** Rows of a terminal as they are to be written, and where the cursor is among them. */
export interface Layout {
  readonly rows: readonly string[];
  readonly row: number;
  readonly column: number;
}

export interface Prompts {
  readonly first: string;
  /** Before every further line. */
  readonly more: string;
}

/** Columns a character takes: none for marks that stand on another, two for East Asian wide ones. */
export function widthOf(character: string): number {
  if (/^[\p{Mn}\p{Me}\p{Cf}]$/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Cuts text into rows of at most `columns`, prompts before its lines, and at most `most` rows about the cursor. */
export function layout(
  prompts: Prompts,
  text: string,
  cursor: number,
  columns: number,
  most: number,
): Layout {
  const rows: string[] = [];
  let row = "", width = 0, place: { row: number; column: number } = { row: 0, column: 0 };
  const put = (character: string) => {
    const wide = widthOf(character);
    if (width + wide > columns) {
      rows.push(row);
      [row, width] = ["", 0];
    }
    row += character;
    width += wide;
  };
  for (const character of prompts.first) put(character);
  let at = 0;
  for (const character of text) {
    if (at === cursor) place = { row: rows.length, column: width };
    at += character.length;
    if (character === "\n") {
      rows.push(row);
      [row, width] = ["", 0];
      for (const each of prompts.more) put(each);
    } else if (character === "\t") { for (let blanks = 0; blanks < TAB; blanks++) put(" "); }
    else put(character < " " ? "?" : character);
  }
  if (at === cursor) place = { row: rows.length, column: width };
  rows.push(row);
  // behind a full row the cursor stands on the next one
  if (place.column >= columns) place = { row: place.row + 1, column: 0 };
  if (place.row === rows.length) rows.push("");
  const first = Math.max(0, Math.min(place.row - most + 1, rows.length - most));
  const from = place.row < first ? place.row : first;
  return { rows: rows.slice(from, from + most), row: place.row - from, column: place.column };
}

/** Columns a tab takes. */
const TAB = 4;

/** What draws `next` where `last` was drawn. */
export function redraw(last: Layout | undefined, next: Layout): string {
  const up = last === undefined || last.row === 0 ? "" : `\x1b[${last.row}A`;
  const below = next.rows.length - 1 - next.row;
  const back = (below === 0 ? "" : `\x1b[${below}A`) + "\r" +
    (next.column === 0 ? "" : `\x1b[${next.column}C`);
  return `${up}\r\x1b[J${next.rows.join("\r\n")}${back}`;
}

/** Candidates in columns, at most `most` rows of them. */
export function columnsOf(words: readonly string[], columns: number, most: number): string {
  const width = Math.max(...words.map((word) => word.length)) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const down = Math.ceil(words.length / across), shown = Math.min(down, Math.max(most, 1));
  const lines: string[] = [];
  for (let line = 0; line < shown; line++) {
    const cells: string[] = [];
    for (let at = line; at < words.length; at += down) cells.push(words[at]!.padEnd(width));
    lines.push(cells.join("").trimEnd());
  }
  if (shown < down) lines.push(`... ${words.length} in all: type a letter`);
  return lines.join("\n");
}
