import { EditBuffer } from "./edit.ts";
import type { History } from "./history.ts";
import { type Key, type KeyName, KeyReader } from "./keys.ts";
import { columnsOf, type Layout, layout, type Prompts, redraw } from "./screen.ts";
import type { Terminal } from "./terminal.ts";

export interface Completer {
  (before: string): Promise<{ readonly from: number; readonly candidates: readonly string[] }>;
}

export interface EditorOptions {
  readonly prompts: Prompts;
  readonly history: History;
  readonly complete: Completer;
  /** Whether Enter goes on with another line. */
  readonly unfinished: (text: string) => boolean;
}

/** `dropped`: Ctrl-C. `ended`: Ctrl-D on an empty line, or the terminal is gone. */
export type Entered = { readonly text: string } | "dropped" | "ended";

/**
 * Line editor.
 *
 * Overview    one text of one or more lines, edited with readline's keys; Up and Down move in it, and at its ends
 *             through the history. Ctrl-R looks back through it for what is typed.
 * Life-cycle  `read` puts the terminal into raw mode and back. Keys that came behind Enter wait for the next `read`.
 */
export class LineEditor {
  readonly #terminal: Terminal;
  readonly #options: EditorOptions;
  readonly #reader = new KeyReader();
  readonly #buffer = new EditBuffer();
  #waiting: Key[] = [];
  #drawn: Layout | undefined;
  /** Place in the history, its length while the text is new. */
  #at = 0;
  #draft = "";
  #search: { part: string; at: number; before: string } | undefined;

  constructor(terminal: Terminal, options: EditorOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  async read(): Promise<Entered> {
    this.#buffer.set("");
    this.#at = this.#options.history.entries.length;
    this.#search = undefined;
    this.#drawn = undefined;
    this.#terminal.raw(true);
    try {
      this.#draw();
      for (;;) {
        const key = this.#waiting.shift();
        if (key === undefined) {
          const bytes = await this.#terminal.read();
          if (bytes === null) return this.#leave("", "ended");
          this.#waiting = this.#reader.push(bytes);
          continue;
        }
        const entered = await this.#press(key);
        if (entered !== undefined) return entered;
        this.#draw();
      }
    } finally {
      this.#terminal.raw(false);
    }
  }

  /** After the size of the terminal has changed. */
  redraw(): void {
    if (this.#drawn !== undefined) this.#draw();
  }

  async #press(key: Key): Promise<Entered | undefined> {
    if (this.#search !== undefined && this.#searching(key)) return undefined;
    if ("text" in key) return void this.#buffer.insert(key.text);
    switch (key.name) {
      case "enter":
        return this.#enter();
      case "interrupt":
        return this.#leave("^C", "dropped");
      case "end of input":
        if (this.#buffer.text === "") return this.#leave("", "ended");
        return void this.#edit("delete");
      case "tab":
        return await this.#complete();
      case "up":
        if (!this.#buffer.apply("up")) this.#recall(-1);
        return undefined;
      case "down":
        if (!this.#buffer.apply("down")) this.#recall(1);
        return undefined;
      case "search":
        this.#search = { part: "", at: this.#options.history.entries.length, before: this.#buffer.text };
        return undefined;
      case "clear":
        this.#terminal.write("\x1b[H\x1b[2J");
        this.#drawn = undefined;
        return undefined;
      case "cancel":
        return undefined;
      default:
        return void this.#edit(key.name);
    }
  }

  #edit(name: KeyName): void {
    if (!this.#buffer.apply(name)) this.#terminal.write(BELL);
  }

  #enter(): Entered | undefined {
    const { text } = this.#buffer;
    if (this.#options.unfinished(text)) return void this.#buffer.insert("\n");
    return this.#leave("", { text });
  }

  /** Ends the line on the screen, below all its rows. */
  #leave(mark: string, entered: Entered): Entered {
    this.#buffer.cursor = this.#buffer.text.length;
    this.#search = undefined;
    this.#draw();
    this.#terminal.write(`${mark}\r\n`);
    this.#drawn = undefined;
    return entered;
  }

  #recall(step: number): void {
    const { entries } = this.#options.history, to = this.#at + step;
    if (to < 0 || to > entries.length) return this.#terminal.write(BELL);
    if (this.#at === entries.length) this.#draft = this.#buffer.text;
    this.#at = to;
    this.#buffer.set(to === entries.length ? this.#draft : entries[to]!);
  }

  /** A key while Ctrl-R looks back; false where it ends the search and means something itself. */
  #searching(key: Key): boolean {
    const search = this.#search!;
    if ("text" in key) return this.#look(search.part + key.text, this.#options.history.entries.length);
    switch (key.name) {
      case "search":
        return this.#look(search.part, search.at);
      case "backspace":
        return this.#look(search.part.slice(0, -1), this.#options.history.entries.length);
      case "interrupt":
      case "cancel":
        this.#buffer.set(search.before);
        this.#search = undefined;
        return true;
    }
    this.#search = undefined;
    return false;
  }

  #look(part: string, from: number): true {
    const { history } = this.#options, found = part === "" ? -1 : history.search(part, from);
    if (found < 0 && part !== "") this.#terminal.write(BELL);
    const at = found < 0 ? this.#search!.at : found;
    this.#search = { ...this.#search!, part, at };
    if (found >= 0) {
      this.#at = found;
      this.#buffer.set(history.entries[found]!, history.entries[found]!.indexOf(part));
    }
    return true;
  }

  async #complete(): Promise<undefined> {
    const { text, cursor } = this.#buffer;
    const { from, candidates } = await this.#options.complete(text.slice(0, cursor));
    const [first] = candidates;
    if (first === undefined) return void this.#terminal.write(BELL);
    if (candidates.length === 1) {
      this.#buffer.replace(from, first + (text[cursor] === " " ? "" : " "));
      return undefined;
    }
    const common = commonStart(candidates);
    if (common.length > cursor - from) this.#buffer.replace(from, common);
    const list = columnsOf(candidates, this.#terminal.columns(), this.#terminal.rows() - 2);
    // below the text, whose cursor may be further up
    const below = (this.#drawn?.rows.length ?? 1) - 1 - (this.#drawn?.row ?? 0);
    this.#terminal.write(`${"\n".repeat(below)}\r\n${list.replaceAll("\n", "\r\n")}\r\n`);
    this.#drawn = undefined;
  }

  #draw(): void {
    const { prompts } = this.#options, search = this.#search;
    const shown = search === undefined ? prompts : { ...prompts, first: `(search ${search.part}) ` };
    const next = layout(
      shown,
      this.#buffer.text,
      this.#buffer.cursor,
      this.#terminal.columns(),
      this.#terminal.rows(),
    );
    this.#terminal.write(redraw(this.#drawn, next));
    this.#drawn = next;
  }
}

const BELL = "\x07";

function commonStart(words: readonly string[]): string {
  let [common = ""] = words;
  for (const word of words) while (!word.startsWith(common)) common = common.slice(0, -1);
  return common;
}
