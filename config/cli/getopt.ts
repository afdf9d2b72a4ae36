/** An option as getopt_long(3) knows it. */
export interface OptionRow {
  readonly letter?: string;
  readonly name: string;
  /** What its argument is called; without one it takes none. */
  readonly value?: string;
}

export interface Given {
  readonly name: string;
  readonly value: string;
}

export type Parsed =
  | { readonly ok: true; readonly given: readonly Given[]; readonly rest: readonly string[] }
  | { readonly ok: false; readonly error: string };

/**
 * Options among arguments, as getopt_long(3): letters together (`-ja`), an argument behind its letter or beside it
 * (`-f x`, `-fx`, `--file=x`), names cut short while they stay unambiguous, `--` ends them. Options stand before and
 * behind other words, up to one where `stop` says so.
 */
export function getopt(
  args: readonly string[],
  rows: readonly OptionRow[],
  stop: (word: string) => boolean = () => false,
): Parsed {
  const given: Given[] = [], rest: string[] = [];
  const wrong = (error: string): Parsed => ({ ok: false, error });
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === "--") return { ok: true, given, rest: [...rest, ...args.slice(at + 1)] };
    if (stop(arg)) return { ok: true, given, rest: [...rest, ...args.slice(at)] };
    if (arg === "-" || !arg.startsWith("-")) {
      rest.push(arg);
      continue;
    }
    if (arg.startsWith("--")) {
      const equals = arg.indexOf("="), name = arg.slice(2, equals < 0 ? undefined : equals);
      const found = rows.some((row) => row.name === name)
        ? rows.filter((row) => row.name === name)
        : rows.filter((row) => row.name.startsWith(name));
      const [row] = found;
      if (row === undefined) return wrong(`unrecognized option '--${name}'`);
      if (found.length > 1) {
        const names = found.map((each) => `'--${each.name}'`).join(" ");
        return wrong(`option '--${name}' is ambiguous; possibilities: ${names}`);
      }
      if (row.value === undefined) {
        if (equals >= 0) return wrong(`option '--${row.name}' doesn't allow an argument`);
        given.push({ name: row.name, value: "" });
        continue;
      }
      const value = equals >= 0 ? arg.slice(equals + 1) : args[++at];
      if (value === undefined) return wrong(`option '--${row.name}' requires an argument`);
      given.push({ name: row.name, value });
      continue;
    }
    for (let letter = 1; letter < arg.length; letter++) {
      const row = rows.find((each) => each.letter === arg[letter]);
      if (row === undefined) return wrong(`invalid option -- '${arg[letter]}'`);
      if (row.value === undefined) {
        given.push({ name: row.name, value: "" });
        continue;
      }
      const value = letter + 1 < arg.length ? arg.slice(letter + 1) : args[++at];
      if (value === undefined) return wrong(`option requires an argument -- '${row.letter}'`);
      given.push({ name: row.name, value });
      break;
    }
  }
  return { ok: true, given, rest };
}
