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

/** Words of a command, read from left to right. Every `take` throws WordsError where the word is none of its kind. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#words = text.split(/\s+/).filter((word) => word !== "");
  }

  get done(): boolean {
    return this.#at === this.#words.length;
  }

  /** The next word without taking it; empty at the end. */
  peek(ahead = 0): string {
    return this.#words[this.#at + ahead] ?? "";
  }

  word(expected: string): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw new WordsError(`${expected} is missing at the end`, this.#at);
    this.#at++;
    return word;
  }

  /** Takes the next word if it is this one. */
  skip(word: string): boolean {
    if (this.peek() !== word) return false;
    this.#at++;
    return true;
  }

  fail(expected: string, found: string): never {
    throw new WordsError(`expected ${expected}, found "${found}"`, this.#at - 1);
  }

  /** Decimal or 0x number of at most 32 bits (or `most`). */
  number(expected: string, most = 0xffffffff): number {
    const word = this.word(expected);
    if (!/^(?:\d{1,16}|0[xX][0-9a-fA-F]{1,8})$/.test(word)) this.fail(expected, word);
    const value = Number(word);
    return value > most ? this.fail(`${expected} of at most ${most}`, word) : value;
  }

  oneOf<T extends string>(names: readonly T[], expected: string): T {
    const word = this.word(expected), found = names.find((name) => name === word);
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

  /** Bytes as 0x and hexadecimal digits, or a quoted text without spaces. */
  key(expected: string): Uint8Array {
    const word = this.word(expected);
    if (/^".*"$/.test(word)) return new TextEncoder().encode(word.slice(1, -1));
    if (!/^0[xX](?:[0-9a-fA-F]{2})+$/.test(word)) {
      throw new WordsError(`${expected}: 0x and pairs of hexadecimal digits`, this.#at - 1);
    }
    return Uint8Array.from(word.slice(2).match(/../g)!, (pair) => parseInt(pair, 16));
  }

  /** `VALUE`, `VALUE/MASK` or `VALUE mask MASK`. */
  mark(): { value: number; mask: number } {
    const word = this.word("a mark"), [value, mask, more] = word.split("/");
    if (more !== undefined || !isNumber(value!) || (mask !== undefined && !isNumber(mask))) {
      this.fail("a mark", word);
    }
    const bits = mask !== undefined ? Number(mask) : this.skip("mask") ? this.number("a mask") : 0xffffffff;
    return { value: Number(value), mask: bits };
  }
}

const isNumber = (text: string): boolean =>
  /^(?:\d{1,10}|0[xX][0-9a-fA-F]{1,8})$/.test(text) && Number(text) <= 0xffffffff;

export const hex32 = (value: number): string => `0x${value.toString(16).padStart(8, "0")}`;
/** C's %#x: zero has no prefix. */
export const hex = (value: number): string => value === 0 ? "0" : `0x${value.toString(16)}`;
export const hexKey = (key: Uint8Array): string =>
  `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
