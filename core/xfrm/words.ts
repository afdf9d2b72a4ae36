import { type Address, parseAddress, parsePrefix, type Prefix } from "../packet/address.ts";

/** A text that is no state or policy: what was expected, what stands there, and at which word (from 0). */
export class WordsError extends Error {
  override readonly name = "WordsError";
  readonly word: number;

  constructor(message: string, word: number) {
    super(message);
    this.word = word;
  }
}

/** A word of a text, and where it stands there. */
export interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Words of a text as a shell reads them: quotes around one, or a part of one, are taken off. */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: found, index } of text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"']|["'])+/g)) {
    words.push({
      text: found.replace(/"([^"]*)"|'([^']*)'/g, (_, a?: string, b?: string) => a ?? b ?? ""),
      start: index,
      end: index + found.length,
    });
  }
  return words;
}

/**
 * Words of a command, read from left to right. Every `take` throws WordsError where the word is none of its kind; its
 * number is that of the array.
 */
export class Words {
  readonly all: readonly string[];
  #at = 0;

  constructor(words: string | readonly string[]) {
    this.all = typeof words === "string" ? splitWords(words).map(({ text }) => text) : words;
  }

  get done(): boolean {
    return this.#at === this.all.length;
  }

  /** Number of the next word. */
  get at(): number {
    return this.#at;
  }

  /** The next word without taking it; empty at the end. */
  peek(ahead = 0): string {
    return this.all[this.#at + ahead] ?? "";
  }

  word(expected: string): string {
    const word = this.all[this.#at];
    if (word === undefined) throw new WordsError(`${expected} is missing at the end`, this.#at);
    this.#at++;
    return word;
  }

  /** Takes the next word if it is this one. */
  skip(word: string): boolean {
    if (this.done || this.peek() !== word) return false;
    this.#at++;
    return true;
  }

  fail(expected: string, found: string): never {
    throw new WordsError(`expected ${expected}, found "${found}"`, this.#at - 1);
  }

  /** What is known, and not built here. */
  notBuilt(what: string): never {
    throw new WordsError(`${what} is not built`, this.#at - 1);
  }

  /** As C reads it: decimal, 0x, or octal behind a 0; of at most 32 bits (or `most`). */
  number(expected: string, most = 0xffffffff): number {
    const word = this.word(expected), value = numberOf(word);
    if (value === undefined) return this.fail(expected, word);
    return value > most ? this.fail(`${expected} of at most ${most}`, word) : value;
  }

  oneOf<T extends string>(names: readonly T[], expected: string): T {
    const word = this.word(expected), found = names.find((name) => name === word);
    return found ?? this.fail(`${expected} (${names.join(", ")})`, word);
  }

  /** One of the names, or the beginning of one: the first that begins so, as ip takes it. */
  abbreviated<T extends string>(names: readonly T[], expected: string): T {
    const word = this.word(expected), found = names.find((name) => word !== "" && name.startsWith(word));
    return found ?? this.fail(`${expected} (${names.join(", ")})`, word);
  }

  address(expected: string): Address {
    const word = this.word(expected);
    return parseAddress(word) ?? this.fail(expected, word);
  }

  prefix(expected: string): Prefix {
    const word = this.word(expected);
    return parsePrefix(word) ?? this.fail(expected, word);
  }

  /** Bytes as 0x and hexadecimal digits; what does not begin so is the bytes of its text, as ip takes it. */
  key(expected: string): Uint8Array {
    const word = this.word(expected), wrong = (why: string) => new WordsError(why, this.#at - 1);
    if (word.startsWith("<<")) throw wrong(`${expected}: this listing hides its keys (nokeys)`);
    if (!/^0[xX]/.test(word)) return new TextEncoder().encode(word);
    if (!/^0[xX](?:[0-9a-fA-F]{2})+$/.test(word)) {
      throw wrong(`${expected}: 0x and pairs of hexadecimal digits`);
    }
    return Uint8Array.from(word.slice(2).match(/../g)!, (pair) => parseInt(pair, 16));
  }

  /** `VALUE`, `VALUE/MASK` or `VALUE mask MASK`. */
  mark(): { value: number; mask: number } {
    const word = this.word("a mark"), [value, mask, more] = word.split("/");
    const number = numberOf(value!), bits = mask === undefined ? 0xffffffff : numberOf(mask);
    if (
      more !== undefined || number === undefined || bits === undefined || number > 0xffffffff ||
      bits > 0xffffffff
    ) this.fail("a mark", word);
    return {
      value: number,
      mask: mask === undefined && this.skip("mask") ? this.number("a mask") : bits,
    };
  }
}

function numberOf(word: string): number | undefined {
  if (/^0[0-7]+$/.test(word)) return parseInt(word, 8);
  return /^(?:0|[1-9]\d{0,15}|0[xX][0-9a-fA-F]{1,13})$/.test(word) ? Number(word) : undefined;
}

export const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;
/** C's %#x: zero has no prefix. */
export const hex = (value: number): string => value === 0 ? "0" : `0x${value.toString(16)}`;
export const hexKey = (key: Uint8Array): string =>
  `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;

/** A text in which long numbers, as keys are, cannot be read any more; as long as before. */
export const hideKeys = (text: string): string =>
  text.replace(/0[xX]\w{9,}/g, (key) => `0x${"*".repeat(key.length - 2)}`);
