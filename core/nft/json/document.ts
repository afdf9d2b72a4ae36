import { refuse } from "../text/diagnostic.ts";
import type { Source, Span } from "../text/source.ts";
import { type Json, type JsonObject, jsonText } from "./json.ts";
import type { ElementNode } from "../tree/tree.ts";
import type { Place } from "./parse.ts";

/** As for brackets in text. */
const MAXIMUM_DEPTH = 64;

/** Where the parts of a JSON text stand, so that an error of the checker points at the part it is about. */
export class JsonPlaces {
  readonly #places: ReadonlyMap<object, Place>;
  readonly #source: Source;
  /** Member of each container that was asked for last: they are read in order, each asked for more than once. */
  readonly #last = new Map<object, number>();

  constructor(source: Source, places: ReadonlyMap<object, Place>) {
    this.#source = source;
    this.#places = places;
  }

  /** The place of a part; a plain value is looked for among the members of `around`. */
  span(part: Json | undefined, around?: Json): Span {
    const place = this.#place(part) ?? this.#member(part, around) ?? this.#place(around) ?? WHOLE;
    return { source: this.#source, start: place.start, end: place.end };
  }

  /** The place of a member by its name. */
  named(object: Json, key: string): Span {
    const place = this.#place(object), index = place?.keys?.lastIndexOf(key) ?? -1;
    return index < 0 ? this.span(object) : {
      source: this.#source,
      start: place!.spans[2 * index]!,
      end: place!.spans[2 * index + 1]!,
    };
  }

  #place(part: Json | undefined): Place | undefined {
    return typeof part === "object" && part !== null ? this.#places.get(part) : undefined;
  }

  #member(part: Json | undefined, around: Json | undefined): { start: number; end: number } | undefined {
    const place = this.#place(around);
    if (part === undefined || place === undefined) return undefined;
    const { keys, spans } = place, count = spans.length / 2, container = around as Json[] & JsonObject;
    const from = this.#last.get(container) ?? 0;
    for (let step = 0; step < count; step++) {
      const index = (from + step) % count;
      if ((keys === undefined ? container[index] : container[keys[index]!]) !== part) continue;
      this.#last.set(container, index);
      return { start: spans[2 * index]!, end: spans[2 * index + 1]! };
    }
    return undefined;
  }
}

/** Of an object within a message. */
const MOST_SHOWN = 80;

/** A value's type as jansson calls it. */
function typeOf(value: Json | undefined): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return value ? "true" : "false";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "real";
  return typeof value;
}

const WHOLE = { start: 0, end: 1 };

/** Reads an element. Sets are expressions and elements hold expressions: these are given it. */
export type ElementReader = (r: Reading, value: Json, around: Json) => ElementNode;

/** Reading one command: its places, and how deep it is nested. */
export class Reading {
  readonly places: JsonPlaces;
  readonly element: ElementReader;
  #depth = 0;

  constructor(places: JsonPlaces, element: ElementReader) {
    this.places = places;
    this.element = element;
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
    const found = `Expected object, got ${typeOf(value)}`;
    return refuse(this.span(value, around), found, [], [`${what}: an object was expected here`]);
  }
  /** A member that must be there. */
  needed(object: JsonObject, key: string): Json {
    const value = member(object, key);
    return value === undefined ? this.fail(object, `Object item not found: ${key}`) : value;
  }
  text(object: JsonObject, key: string): string {
    const value = this.needed(object, key);
    if (typeof value === "string") return value;
    return refuse(this.places.named(object, key), `Expected string, got ${typeOf(value)}`);
  }
  optionalText(object: JsonObject, key: string): string | undefined {
    return member(object, key) === undefined ? undefined : this.text(object, key);
  }
  /** A whole number from 0 up to `most`. */
  number(object: JsonObject, key: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.needed(object, key);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
    const message = typeof value === "number"
      ? `"${key}" is a whole number`
      : `Expected integer, got ${typeOf(value)}`;
    return refuse(this.places.named(object, key), message, [], [`"${key}" is from 0 to ${most}`]);
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
  single(value: Json, what: string, around?: Json): [string, Json] {
    if (!isObject(value)) {
      const where = what === "statement" ? "expr" : what;
      const found = `Unexpected ${where} array element of type ${typeOf(value)}, expected object.`;
      return refuse(this.span(value, around), found);
    }
    const members = Object.entries(value);
    if (members.length !== 1) {
      const text = jsonText(value),
        shown = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
      return this.fail(
        value,
        `Malformed object (too many properties): '${shown}'.`,
        `a ${what} has one member`,
      );
    }
    return members[0]!;
  }
}

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Own members only: nothing an object inherits is anybody's input. */
export const member = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;
