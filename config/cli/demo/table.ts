/** Rows of text in columns, wrapped at words; printed row by row as results come in. */

export interface Column {
  readonly title: string;
  readonly width: number;
}

/** Lines of one row; cells longer than their column go on below. */
export function row(columns: readonly Column[], cells: readonly string[]): string {
  const wrapped = columns.map((column, i) => wrap(cells[i] ?? "", column.width));
  const height = Math.max(...wrapped.map((lines) => lines.length));
  const lines: string[] = [];
  for (let n = 0; n < height; n++) {
    lines.push(columns.map((column, i) => (wrapped[i]![n] ?? "").padEnd(column.width)).join("  ").trimEnd());
  }
  return lines.join("\n");
}

/** Titles and a rule below them. */
export function heading(columns: readonly Column[]): string {
  return `${row(columns, columns.map((c) => c.title))}\n${
    columns.map((c) => "-".repeat(c.width)).join("  ")
  }`;
}

/** Breaks at blanks; a word longer than the width is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Columns of the demo's table for a terminal of so many characters. */
export function resultColumns(characters: number): readonly Column[] {
  const rest = Math.max(60, Math.min(150, characters) - 39);
  const through = Math.floor(rest * 0.55);
  return [
    { title: "", width: 4 },
    { title: "what", width: 29 },
    { title: "went through", width: through },
    { title: "proves", width: rest - through },
  ];
}

/** Width of the terminal; a comfortable one where output goes elsewhere. */
export function terminalWidth(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 150;
  }
}
