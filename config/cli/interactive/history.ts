import { directoryOf } from "../../paths.ts";

/** Entries kept, and their characters. */
export const MOST_ENTRIES = 1000;
const LONGEST_ENTRY = 65536;

/**
 * What was entered before.
 *
 * Overview    the newest last; an entry may be several lines. Each is appended to the file as it is entered, so that
 *             a session that is killed has lost none.
 * File        an entry a line, its newlines and backslashes written `\n` and `\\`; its owner's alone (0600).
 * Limits      1000 entries; a file that has grown to twice as many is written anew, and swapped in by rename(2).
 */
export class History {
  readonly #path: string | undefined;
  entries: string[] = [];
  #lines = 0;

  /** Without a path nothing is kept. */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /** Reads the file; what cannot be read is a history that begins. Why it will not be kept, where it cannot. */
  load(): string | undefined {
    if (this.#path === undefined) return undefined;
    try {
      const lines = Deno.readTextFileSync(this.#path).split("\n").filter((line) => line !== "");
      this.#lines = lines.length;
      this.entries = lines.slice(-MOST_ENTRIES).map(unescape);
      if (Deno.statSync(this.#path).isFile) Deno.chmodSync(this.#path, 0o600);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) return why(error);
    }
    return undefined;
  }

  /** Puts an entry at the end, unless it is the last one again. Why it was not kept, where it was not. */
  add(entry: string): string | undefined {
    if (entry.trim() === "" || entry.length > LONGEST_ENTRY || entry === this.entries.at(-1)) {
      return undefined;
    }
    this.entries.push(entry);
    if (this.entries.length > MOST_ENTRIES) this.entries.shift();
    if (this.#path === undefined) return undefined;
    try {
      if (++this.#lines > 2 * MOST_ENTRIES) this.#rewrite(this.#path);
      else Deno.writeTextFileSync(this.#path, escape(entry) + "\n", { append: true, mode: 0o600 });
    } catch (error) {
      return why(error);
    }
    return undefined;
  }

  /** The place of the newest entry before `from` that holds `part`; -1 where none does. */
  search(part: string, from = this.entries.length): number {
    for (let at = from - 1; at >= 0; at--) if (this.entries[at]!.includes(part)) return at;
    return -1;
  }

  #rewrite(path: string): void {
    const beside = `${path}.${Deno.pid}`;
    Deno.writeTextFileSync(beside, this.entries.map((entry) => escape(entry) + "\n").join(""), {
      mode: 0o600,
    });
    Deno.renameSync(beside, path);
    this.#lines = this.entries.length;
  }
}

const escape = (entry: string): string => entry.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const unescape = (line: string): string =>
  line.replace(/\\(.)/g, (_, letter) => (letter === "n" ? "\n" : letter));
const why = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Where the history is: WEIR_HISTORY (empty: nowhere), else below XDG_STATE_HOME where that is set, else
 * ~/.weir_history.
 */
export function historyPath(environment: (name: string) => string | undefined): string | undefined {
  const given = environment("WEIR_HISTORY");
  if (given !== undefined) return given === "" ? undefined : given;
  const state = environment("XDG_STATE_HOME"), home = environment("HOME");
  if (state !== undefined && state.startsWith("/")) return `${state}/weir/history`;
  return home === undefined || home === "" ? undefined : `${home}/.weir_history`;
}

/** Makes the directory the history is in, its owner's alone. */
export function makeHistoryDirectory(path: string | undefined): void {
  if (path === undefined) return;
  try {
    Deno.mkdirSync(directoryOf(path), { recursive: true, mode: 0o700 });
  } catch {
    // what is wrong shows when the file is written
  }
}
