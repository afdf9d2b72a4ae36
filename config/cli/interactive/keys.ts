/** What a person pressed, as the line editor knows it. */
export type Key = { readonly text: string } | { readonly name: KeyName };

export type KeyName =
  | "left"
  | "right"
  | "word left"
  | "word right"
  | "home"
  | "end"
  | "up"
  | "down"
  | "backspace"
  | "delete"
  | "kill to end"
  | "kill to start"
  | "kill word"
  | "kill word before"
  | "yank"
  | "transpose"
  | "enter"
  | "tab"
  | "interrupt"
  | "end of input"
  | "search"
  | "cancel"
  | "clear";

/** Control characters, as readline's emacs mode binds them. */
const CONTROLS: Readonly<Record<number, KeyName>> = {
  0x01: "home",
  0x02: "left",
  0x03: "interrupt",
  0x04: "end of input",
  0x05: "end",
  0x06: "right",
  0x07: "cancel",
  0x08: "backspace",
  0x09: "tab",
  0x0a: "enter",
  0x0b: "kill to end",
  0x0c: "clear",
  0x0d: "enter",
  0x0e: "down",
  0x10: "up",
  0x12: "search",
  0x14: "transpose",
  0x15: "kill to start",
  0x17: "kill word before",
  0x19: "yank",
  0x7f: "backspace",
};

/** Behind ESC: Alt and a letter. */
const ALT: Readonly<Record<string, KeyName>> = {
  b: "word left",
  f: "word right",
  d: "kill word",
  "\x7f": "kill word before",
  "\b": "kill word before",
};

/** Behind ESC [ or ESC O, as xterm, the Linux console and screen send them. */
const SEQUENCES: Readonly<Record<string, KeyName>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  "1~": "home",
  "3~": "delete",
  "4~": "end",
  "7~": "home",
  "8~": "end",
  "1;5C": "word right",
  "1;5D": "word left",
  "1;3C": "word right",
  "1;3D": "word left",
  "5C": "word right",
  "5D": "word left",
};

const PASTE_BEGINS = "200~", PASTE_ENDS = "201~";
/** No sequence is longer; what is longer is thrown away. */
const LONGEST_SEQUENCE = 16;

/**
 * Bytes of a terminal to keys.
 *
 * Overview    characters, control characters and escape sequences, cut however the bytes arrive. A tab inside a
 *             bracketed paste is a blank, not a wish for completion.
 * Limits      a lone ESC waits for what comes next; unknown sequences are dropped whole.
 */
export class KeyReader {
  readonly #decoder = new TextDecoder();
  #held = "";
  #pasting = false;

  push(bytes: Uint8Array): Key[] {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = "";
    const keys: Key[] = [];
    for (let at = 0; at < text.length;) {
      const code = text.codePointAt(at)!, character = String.fromCodePoint(code);
      if (code === 0x1b) {
        const length = this.#escape(text, at, keys);
        if (length === 0) {
          this.#held = text.slice(at);
          break;
        }
        at += length;
        continue;
      }
      at += character.length;
      const name = CONTROLS[code];
      if (this.#pasting && name === "tab") put(keys, " ");
      else if (name !== undefined) keys.push({ name });
      else if (code >= 0x20) put(keys, character);
    }
    return keys;
  }

  /** Length of the sequence at `at`, 0 while it is not whole. */
  #escape(text: string, at: number, keys: Key[]): number {
    const next = text[at + 1];
    if (next === undefined) return 0;
    if (next !== "[" && next !== "O") {
      const name = ALT[next];
      if (name !== undefined) keys.push({ name });
      return next === "\x1b" ? 1 : 2;
    }
    let end = at + 2;
    while (end < text.length && /[0-9;?]/.test(text[end]!) && end - at < LONGEST_SEQUENCE) end++;
    if (end === text.length) return 0;
    const sequence = text.slice(at + 2, end + 1), name = SEQUENCES[sequence];
    if (sequence === PASTE_BEGINS || sequence === PASTE_ENDS) this.#pasting = sequence === PASTE_BEGINS;
    else if (name !== undefined) keys.push({ name });
    return end + 1 - at;
  }
}

/** Characters that come together are one key. */
function put(keys: Key[], text: string): void {
  const last = keys.at(-1);
  if (last !== undefined && "text" in last) keys[keys.length - 1] = { text: last.text + text };
  else keys.push({ text });
}
