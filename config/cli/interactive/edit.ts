import type { KeyName } from "./keys.ts";

/** Text being edited, lines apart by newlines. Offsets are UTF-16 code units and never split a character. */
export class EditBuffer {
  text = "";
  cursor = 0;
  /** What was cut last; yank puts it back. */
  killed = "";

  set(text: string, cursor = text.length): void {
    this.text = text;
    this.cursor = cursor;
  }
  insert(text: string): void {
    this.text = this.text.slice(0, this.cursor) + text + this.text.slice(this.cursor);
    this.cursor += text.length;
  }
  /** Replaces what is between `from` and the cursor. */
  replace(from: number, text: string): void {
    this.text = this.text.slice(0, from) + this.text.slice(this.cursor);
    this.cursor = from;
    this.insert(text);
  }

  /** Carries out an editing key; false where it is none, or nothing can be done. */
  apply(key: KeyName): boolean {
    const { text, cursor } = this;
    switch (key) {
      case "left":
        return this.#move(before(text, cursor));
      case "right":
        return this.#move(after(text, cursor));
      case "word left":
        return this.#move(wordStart(text, cursor));
      case "word right":
        return this.#move(wordEnd(text, cursor));
      case "home":
        return this.#move(lineStart(text, cursor));
      case "end":
        return this.#move(lineEnd(text, cursor));
      case "up":
        return this.#vertical(lineStart(text, cursor) - 1);
      case "down":
        return this.#vertical(lineEnd(text, cursor) + 1);
      case "backspace":
        return this.#cut(before(text, cursor), cursor, false);
      case "delete":
        return this.#cut(cursor, after(text, cursor), false);
      case "kill to end":
        return this.#cut(cursor, cursor === lineEnd(text, cursor) ? cursor + 1 : lineEnd(text, cursor));
      case "kill to start":
        return this.#cut(lineStart(text, cursor), cursor);
      case "kill word":
        return this.#cut(cursor, wordEnd(text, cursor));
      case "kill word before":
        return this.#cut(blankStart(text, cursor), cursor);
      case "yank":
        this.insert(this.killed);
        return this.killed !== "";
      case "transpose":
        return this.#transpose();
    }
    return false;
  }

  #move(to: number): boolean {
    const moved = to !== this.cursor;
    this.cursor = to;
    return moved;
  }
  #vertical(on: number): boolean {
    if (on < 0 || on > this.text.length) return false;
    const column = this.cursor - lineStart(this.text, this.cursor), start = lineStart(this.text, on);
    const to = Math.min(start + column, lineEnd(this.text, on));
    // never between the halves of a character
    return this.#move(LOW.test(this.text[to] ?? "") ? to - 1 : to);
  }
  #cut(from: number, to: number, keep = true): boolean {
    const cut = this.text.slice(from, to);
    if (cut === "") return false;
    if (keep) this.killed = cut;
    this.text = this.text.slice(0, from) + this.text.slice(to);
    this.cursor = from;
    return true;
  }
  #transpose(): boolean {
    const middle = this.cursor === lineEnd(this.text, this.cursor)
      ? before(this.text, this.cursor)
      : this.cursor;
    const from = before(this.text, middle), to = after(this.text, middle);
    const pair = this.text.slice(from, to);
    if (from === middle || to === middle || pair.includes("\n")) return false;
    this.text = this.text.slice(0, from) + this.text.slice(middle, to) + this.text.slice(from, middle) +
      this.text.slice(to);
    this.cursor = to;
    return true;
  }
}

const MARK = /^\p{M}$/u, LOW = /[\udc00-\udfff]/, WORD = /[\p{L}\p{N}_]/u;

function before(text: string, at: number): number {
  for (let to = at; to > 0;) {
    to -= LOW.test(text[to - 1]!) ? 2 : 1;
    if (!MARK.test(text.slice(to, to + 1))) return Math.max(to, 0);
  }
  return 0;
}
function after(text: string, at: number): number {
  if (at >= text.length) return at;
  let to = at + String.fromCodePoint(text.codePointAt(at)!).length;
  while (to < text.length && MARK.test(text[to]!)) to++;
  return to;
}
const lineStart = (text: string, at: number): number => (at <= 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1);
function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
}
function wordStart(text: string, at: number): number {
  while (at > 0 && !WORD.test(text[at - 1]!)) at--;
  while (at > 0 && WORD.test(text[at - 1]!)) at--;
  return at;
}
function wordEnd(text: string, at: number): number {
  while (at < text.length && !WORD.test(text[at]!)) at++;
  while (at < text.length && WORD.test(text[at]!)) at++;
  return at;
}
function blankStart(text: string, at: number): number {
  while (at > 0 && /\s/.test(text[at - 1]!)) at--;
  while (at > 0 && !/\s/.test(text[at - 1]!)) at--;
  return at;
}
