import { isMap, isScalar, isSeq, type Node } from "yaml";
import { splitWords } from "../core/xfrm/words.ts";
import type { Report, Span } from "./diagnostic.ts";
import { placeOf, type Reader } from "./read.ts";

/** A word of `ip xfrm`, and where it stands in the file. */
export interface PlacedWord {
  readonly text: string;
  readonly place: Span;
}

/** A state or policy as written: the words of `ip xfrm ... add`. */
export interface XfrmEntry {
  readonly words: readonly PlacedWord[];
  readonly place: Span;
}

/** How the file says that a key is in another file. */
export const KEY_FILE = "file:";
export const ALGORITHM_WORDS: readonly string[] = ["enc", "auth", "auth-trunc", "aead"];
/** What takes every word that it can: it must come last. */
const GREEDY = ["sel", "tmpl"];

/**
 * A state or policy: one text in the words of `ip xfrm`, or a mapping whose keys are those words. Both become words in
 * their places; what they mean is read from these.
 */
export const xfrmEntry: Reader<XfrmEntry> = (node, place, report) => {
  if (isScalar(node) && node.value !== null) return { words: scalarWords(node, place), place };
  if (!isMap(node)) {
    report(place, "expected the words of ip xfrm, or a mapping of them", {
      hints: ["src 192.0.2.1 dst 198.51.100.1 proto esp spi 0x1000 ..."],
    });
    return undefined;
  }
  const reader = new EntryReader(report), words: PlacedWord[] = [], last: PlacedWord[] = [];
  for (const { key, value, at } of pairs(node, place)) {
    (GREEDY.includes(key.text) ? last : words).push(...reader.words(key, value, at));
  }
  return reader.failed ? undefined : { words: [...words, ...last], place };
};

class EntryReader {
  readonly #report: Report;
  /** Something was complained about: the words are not whole. */
  failed = false;

  constructor(report: Report) {
    this.#report = (...complaint) => {
      this.failed = true;
      report(...complaint);
    };
  }

  /** The words of one key and its value. */
  words(key: PlacedWord, value: Node | null, place: Span): PlacedWord[] {
    if (isSeq(value)) return this.#list(key, value.items as (Node | null)[], place);
    if (!isMap(value)) return [key, ...scalarWords(value, place)];
    const inside = pairs(value, place);
    if (ALGORITHM_WORDS.includes(key.text)) return this.#algorithm(key, inside);
    if (key.text === "limit") {
      return inside.flatMap((pair) => [key, pair.key, ...scalarWords(pair.value, pair.at)]);
    }
    const words = [key, ...inside.flatMap((pair) => this.words(pair.key, pair.value, pair.at))];
    if (key.text !== "encap" || inside.some((pair) => pair.key.text === "addr")) return words;
    return [...words, { text: "0.0.0.0", place }];
  }

  /** `tmpl` and `limit` stand before each of theirs, `flag` once before all. */
  #list(key: PlacedWord, items: readonly (Node | null)[], place: Span): PlacedWord[] {
    const each = items.map((item) => this.words(key, item, placeOf(place.source, item, place)));
    return key.text === "tmpl" || key.text === "limit"
      ? each.flat()
      : [key, ...each.flatMap((words) => words.slice(1))];
  }

  /** `{ name, key or key-file, bits }`, in the order of the command. */
  #algorithm(word: PlacedWord, inside: readonly Pair[]): PlacedWord[] {
    const words = [word], known = ["name", "key", "key-file", "bits"];
    for (const { key } of inside) {
      if (known.includes(key.text)) continue;
      this.#report(key.place, `unknown key ${key.text}`, { hints: [`known here: ${known.join(", ")}`] });
    }
    for (const name of known) {
      const pair = inside.find(({ key }) => key.text === name);
      if (pair === undefined) {
        if (name === "name") this.#report(word.place, `${word.text} needs the name of an algorithm`);
        continue;
      }
      const value = scalarWords(pair.value, pair.at);
      words.push(...name === "key-file" ? value.map((w) => ({ ...w, text: KEY_FILE + w.text })) : value);
    }
    const keys = inside.filter(({ key }) => key.text === "key" || key.text === "key-file");
    if (keys.length === 0) this.#report(word.place, `${word.text} needs key or key-file`);
    if (keys.length === 2) {
      this.#report(keys[1]!.key.place, "either key or key-file", { also: keys[0]!.key.place });
    }
    return words;
  }
}

interface Pair {
  readonly key: PlacedWord;
  readonly value: Node | null;
  readonly at: Span;
}

function pairs(node: Node, place: Span): Pair[] {
  if (!isMap(node)) return [];
  return node.items.map((pair) => {
    const key = pair.key as Node | null, value = (pair.value as Node | null) ?? null;
    const at = placeOf(place.source, key, place);
    return {
      key: { text: isScalar(key) ? `${key.source ?? key.value}` : "?", place: at },
      value,
      at: placeOf(place.source, value, at),
    };
  });
}

/** The words of a scalar, each in its place where the file has them as they are. */
function scalarWords(node: Node | null, place: Span): PlacedWord[] {
  if (!isScalar(node) || node.value === null) return [];
  const value = typeof node.value === "string" ? node.value : node.source ?? String(node.value);
  const words = splitWords(value), { source } = place;
  const raw = source.text.slice(place.start, place.end);
  const head = /^(?:[|>][^\n]*\n|["'])/.exec(raw)?.[0].length ?? 0, tail = /^["']/.test(raw) ? 1 : 0;
  const written = splitWords(raw.slice(head, raw.length - tail));
  return words.map(({ text }, i) => {
    if (written.length !== words.length) return { text, place };
    const { start, end } = written[i]!;
    return { text, place: { source, start: place.start + head + start, end: place.start + head + end } };
  });
}
