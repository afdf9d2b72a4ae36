import { refuse } from "../text/diagnostic.ts";
import type { Source } from "../text/source.ts";
import type { Json } from "./json.ts";

/** Deeper nesting than any ruleset needs. */
const MAXIMUM_DEPTH = 256;

/** Where a container and its members stand in the text: `spans` holds start and end of each member. */
export interface Place {
  readonly start: number;
  readonly end: number;
  /** Absent for arrays. */
  readonly keys?: readonly string[];
  readonly spans: readonly number[];
}

export interface Parsed {
  readonly value: Json;
  readonly places: ReadonlyMap<object, Place>;
}

/** JSON (RFC 8259) as values that know where they stand. Refuses at the first character that is none. */
export function parseJson(source: Source): Parsed {
  const parser = new Parser(source);
  return { value: parser.whole(), places: parser.places };
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// deno-lint-ignore no-control-regex
const STRING = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

class Parser {
  readonly places = new Map<object, Place>();
  readonly #source: Source;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  whole(): Json {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#unexpected("nothing more");
    return value;
  }

  #unexpected(expected: string): never {
    const start = Math.min(this.#at, Math.max(0, this.#text.length - 1));
    const found = this.#at < this.#text.length ? "here" : "before the end";
    return refuse({ source: this.#source, start, end: start + 1 }, `JSON: expected ${expected} ${found}`);
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #value(): Json {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
    }
    const text = this.#match(NUMBER) ?? this.#match(WORD);
    return text === undefined ? this.#unexpected("a value") : JSON.parse(text) as Json;
  }

  #string(): string {
    const text = this.#match(STRING);
    if (text === undefined) return this.#unexpected("a string that ends, without control characters,");
    return text.includes("\\") ? JSON.parse(text) as string : text.slice(1, -1);
  }

  #array(): Json {
    const start = this.#at, values: Json[] = [], spans: number[] = [];
    this.#members("]", () => {
      const from = this.#at;
      values.push(this.#value());
      spans.push(from, this.#at);
    });
    this.places.set(values, { start, end: this.#at, spans });
    return values;
  }

  #object(): Json {
    const start = this.#at, keys: string[] = [], spans: number[] = [];
    const result: Record<string, Json> = {};
    this.#members("}", () => {
      if (this.#text[this.#at] !== '"') this.#unexpected("a name in quotes");
      const key = this.#string();
      this.#space();
      if (this.#text[this.#at] !== ":") this.#unexpected("a colon");
      this.#at++;
      this.#space();
      const from = this.#at, value = this.#value();
      if (key !== "__proto__") result[key] = value;
      // An own member whatever its name is.
      else {Object.defineProperty(result, key, {
          value,
          enumerable: true,
          configurable: true,
          writable: true,
        });}
      keys.push(key);
      spans.push(from, this.#at);
    });
    this.places.set(result, { start, end: this.#at, keys, spans });
    return result;
  }

  /** What stands between brackets, with commas between. */
  #members(close: string, member: () => void): void {
    if (++this.#depth > MAXIMUM_DEPTH) this.#unexpected(`at most ${MAXIMUM_DEPTH} levels of nesting`);
    this.#at++;
    this.#space();
    if (this.#text[this.#at] !== close) {
      for (;;) {
        member();
        this.#space();
        if (this.#text[this.#at] !== ",") break;
        this.#at++;
        this.#space();
      }
    }
    if (this.#text[this.#at] !== close) this.#unexpected(`a comma or ${close}`);
    this.#at++;
    this.#depth--;
  }
}
