import { refuse } from "../text/diagnostic.ts";
import { NOWHERE, type Source, type Span } from "../text/source.ts";
import type { Json, JsonObject } from "./json.ts";

/** As for brackets in text. */
const MAXIMUM_DEPTH = 64;

/** Commands longer than this are not drawn in errors. */
const MOST_DRAWN = 4000;

/**
 * Where the parts of a JSON command stand. A command is written out again on one line; every object and array in it
 * remembers its place there, so that an error of the checker points at the part it is about.
 */
export class JsonPlaces {
  readonly #places = new Map<object, { start: number; end: number }>();
  readonly #source: Source;
  readonly #drawn: boolean;

  constructor(command: Json) {
    const text = this.#write(command, 0, 0);
    this.#drawn = text.length <= MOST_DRAWN;
    this.#source = { name: "", text };
    if (!this.#drawn) this.#places.clear();
  }

  #write(value: Json, at: number, depth: number): string {
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    if (depth > 2 * MAXIMUM_DEPTH) refuse(NOWHERE, "nested too deep");
    const list = Array.isArray(value);
    let text = list ? "[" : "{";
    for (const [key, inner] of Object.entries(value as JsonObject)) {
      if (text.length > 1) text += ", ";
      if (!list) text += `${JSON.stringify(key)}: `;
      text += this.#write(inner, at + text.length, depth + 1);
    }
    text += list ? "]" : "}";
    this.#places.set(value, { start: at, end: at + text.length });
    return text;
  }

  /** The place of a part; of `around` where the part is a plain value. */
  span(part: Json | undefined, around?: Json): Span {
    if (!this.#drawn) return NOWHERE;
    for (const each of [part, around]) {
      const place = typeof each === "object" && each !== null ? this.#places.get(each) : undefined;
      if (place !== undefined) return { source: this.#source, ...place };
    }
    return { source: this.#source, start: 0, end: this.#source.text.length };
  }
}

/** Reading one command: its places, and how deep it is nested. */
export class Reading {
  readonly places: JsonPlaces;
  #depth = 0;

  constructor(places: JsonPlaces) {
    this.places = places;
  }

  span(part: Json | undefined, around?: Json): Span {
    return this.places.span(part, around);
  }
  fail(part: Json | undefined, message: string, ...hints: string[]): never {
    return refuse(this.span(part), message, [], hints);
  }
  deeper<T>(part: Json, read: () => T): T {
    if (++this.#depth > MAXIMUM_DEPTH) this.fail(part, `nested more than ${MAXIMUM_DEPTH} levels deep`);
    const result = read();
    this.#depth--;
    return result;
  }

  object(value: Json | undefined, what: string, around?: Json): JsonObject {
    if (isObject(value)) return value;
    return this.fail(around, `${what}: an object was expected here`);
  }
  text(object: JsonObject, key: string): string {
    const value = member(object, key);
    if (typeof value === "string") return value;
    return this.fail(object, `"${key}" is missing or no text`);
  }
  optionalText(object: JsonObject, key: string): string | undefined {
    return member(object, key) === undefined ? undefined : this.text(object, key);
  }
  /** A whole number from 0 up to `most`. */
  number(object: JsonObject, key: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = member(object, key);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
    return this.fail(object, `"${key}" is missing or no number from 0 to ${most}`);
  }
  optionalNumber(object: JsonObject, key: string, most?: number): number | undefined {
    return member(object, key) === undefined ? undefined : this.number(object, key, most);
  }
  flag(object: JsonObject, key: string): boolean {
    return member(object, key) === true;
  }
  /** One text or a list of them. */
  texts(object: JsonObject, key: string): string[] {
    const value = member(object, key);
    if (value === undefined) return [];
    const all = Array.isArray(value) ? value : [value];
    return all.map((each) =>
      typeof each === "string" ? each : this.fail(object, `"${key}" holds something that is no text`)
    );
  }
  /** The only member of an object: `{ "match": ... }`. */
  single(value: Json, what: string): [string, Json] {
    if (!isObject(value)) return this.fail(value, `${what}: an object was expected here`);
    const members = Object.entries(value);
    if (members.length !== 1) {
      return this.fail(value, `${what}: one member was expected, not ${members.length}`);
    }
    return members[0]!;
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own members only: nothing an object inherits is anybody's input. */
export const member = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;
