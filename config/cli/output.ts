/**
 * How commands print. Standard output is the answer, standard error what went wrong; a reader that closes the pipe
 * early ends the command without a word.
 */
const encoder = new TextEncoder();

export function print(text: string): void {
  write(Deno.stdout, text);
}

export function complain(text: string): void {
  write(Deno.stderr, text);
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(141);
    throw error;
  }
}

/** Columns as wide as their widest cell; those with numbers are aligned to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, i) => Math.max(...rows.map((row) => `${row[i] ?? ""}`.length)),
  );
  const numeric = widths.map((_, i) => rows.some((row) => typeof row[i] === "number"));
  const pad = (cell: string, i: number) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!));
  return rows.map((row) => row.map((cell, i) => pad(`${cell}`, i)).join("  ").trimEnd() + "\n").join("");
}
