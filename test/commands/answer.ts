/** A line of `commands.txt`. */
export interface OracleCommand {
  readonly options: readonly string[];
  readonly text: string;
  readonly listing?: string;
}

/** What is compared: the first error whole, the rest of the output without what no two machines share. */
export function comparable(ok: boolean, output: string, error: string) {
  const first = error.split("\n").filter((line) => !line.startsWith("hint:")).slice(0, 3);
  return { ok, output: plain(output), error: plain(first.join("\n")) };
}

const plain = (text: string): string =>
  text.trim()
    .replace(/# handle \d+|"handle": ?\d+/g, "handle N")
    .replace(/expires \d\w*/g, "expires T")
    .replace(/, "release_name": "[^"]*"|"version": "[^"]*"/g, "")
    .replace(/# new generation.*\n?/g, "")
    .replace(/, expecting .*/g, "")
    .split("\n").map((line) => line.trimEnd()).join("\n").trim();
