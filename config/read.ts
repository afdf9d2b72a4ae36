import { isAlias, isMap, isScalar, isSeq, type Node } from "yaml";
import { closest, type Located, printable, type Report, type Source, type Span } from "./diagnostic.ts";

/**
 * Readers of YAML nodes.
 *
 * Overview    a reader takes a node to a value, or reports what is wrong with it and gives undefined. `mapping`,
 *             `named` and `list` build readers of readers, so that `schema.ts` is the one description of the file.
 * Positions   what later checks may complain about stays `Located`.
 * Errors      every reader goes on after a mistake: one run shows them all. Nothing throws on any document.
 * Limits      no aliases or merge keys: a configuration says what it means in place, and cannot blow up.
 */
export type Reader<T> = (node: Node | null, place: Span, report: Report) => T | undefined;

type Fields = Record<string, Reader<unknown>>;
/** A mapping that was read: its keys in camelCase, each undefined when absent or wrong. */
export type Mapping<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Reader<infer T> ? T | undefined : never;
};

/** Where a mapping stands, what it says, and which keys were written, right or wrong. */
export interface LocatedMapping<F extends Fields> extends Located<Mapping<F>> {
  readonly written: ReadonlySet<string>;
}

/** `acceptRa` in the code is `accept-ra` in the file. */
export const fileKey = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

export function placeOf(source: Source, node: Node | null | undefined, otherwise: Span): Span {
  const range = node?.range;
  return range ? { source, start: range[0], end: range[1] } : otherwise;
}

/** A mapping with these keys only; `elsewhere` gives hints for keys that people bring along from other files. */
export function mapping<F extends Fields>(
  fields: F,
  elsewhere: Readonly<Record<string, string>> = {},
): Reader<LocatedMapping<F>> {
  const readers = new Map(Object.entries(fields).map(([name, read]) => [fileKey(name), { name, read }]));
  return (node, place, report) => {
    const pairs = pairsOf(node, place, report);
    if (pairs === undefined) return undefined;
    const value: Record<string, unknown> = {};
    for (const name of Object.keys(fields)) value[name] = undefined;
    for (const { key, value: child } of pairs) {
      const field = readers.get(key.value);
      if (field === undefined) unknownKey(key, readers.keys(), elsewhere[key.value], report);
      else value[field.name] = field.read(child, placeOf(place.source, child, key.place), report);
    }
    return { value: value as Mapping<F>, place, written: new Set(pairs.map(({ key }) => key.value)) };
  };
}

function unknownKey(
  key: Located<string>,
  known: Iterable<string>,
  elsewhere: string | undefined,
  report: Report,
): void {
  const keys = [...known];
  const near = closest(key.value, keys);
  const hint = elsewhere ?? (near === undefined ? `known here: ${keys.join(", ")}` : `did you mean ${near}?`);
  report(key.place, `unknown key ${printable(key.value)}`, { hints: [hint] });
}

/** A mapping from free names to values of one kind, in the order of the file. */
export function named<T>(read: Reader<T>): Reader<readonly { name: Located<string>; value: T }[]> {
  return (node, place, report) => {
    const pairs = pairsOf(node, place, report);
    if (pairs === undefined) return undefined;
    const entries: { name: Located<string>; value: T }[] = [];
    for (const { key, value: child } of pairs) {
      const value = read(child, placeOf(place.source, child, key.place), report);
      if (value !== undefined) entries.push({ name: key, value });
    }
    return entries;
  };
}

function pairsOf(node: Node | null, place: Span, report: Report) {
  if (isEmpty(node)) return [];
  if (!isMap(node)) {
    report(place, `expected a mapping (key: value), found ${kindOf(node)}`);
    return undefined;
  }
  const pairs: { key: Located<string>; value: Node | null }[] = [];
  for (const pair of node.items) {
    const key = pair.key as Node | null;
    const at = placeOf(place.source, key, place);
    if (!isScalar(key) || key.value === null || typeof key.value === "object") {
      report(at, "a key must be a plain word");
      continue;
    }
    const text = key.source ?? String(key.value);
    pairs.push({ key: { value: text, place: at }, value: (pair.value as Node | null) ?? null });
  }
  return pairs;
}

/** A sequence; a single value counts as a sequence of one only when it is a scalar that `read` takes. */
export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (node, place, report) => {
    if (isEmpty(node)) return [];
    if (!isSeq(node)) {
      report(place, `expected a list, found ${kindOf(node)}`, {
        hints: ["write it in brackets, [a, b], or on lines that start with a dash"],
      });
      return undefined;
    }
    const values: T[] = [];
    for (const item of node.items as (Node | null)[]) {
      const value = read(item, placeOf(place.source, item, place), report);
      if (value !== undefined) values.push(value);
    }
    return values;
  };
}

/** A scalar as it was written, numbers and words alike. */
export const text: Reader<Located<string>> = (node, place, report) => {
  if (!isScalar(node) || node.value === null) {
    report(place, `expected text, found ${kindOf(node)}`);
    return undefined;
  }
  const value = typeof node.value === "string" ? node.value : node.source ?? String(node.value);
  return { value, place };
};

/** Text that `parse` understands; `expected` names what was wanted. */
export function parsed<T>(
  expected: string,
  parse: (text: string) => T | undefined,
  hint?: string,
): Reader<Located<T>> {
  return (node, place, report) => {
    const found = text(node, place, report);
    if (found === undefined) return undefined;
    const value = parse(found.value);
    if (value !== undefined) return { value, place };
    report(
      place,
      `expected ${expected}, found ${quoted(found.value)}`,
      hint === undefined ? {} : { hints: [hint] },
    );
    return undefined;
  };
}

/** One of a few words. */
export function word<const W extends string>(...words: readonly W[]): Reader<Located<W>> {
  const expected = words.length === 1 ? words[0]! : `one of ${words.join(", ")}`;
  return (node, place, report) => {
    const found = text(node, place, report);
    if (found === undefined) return undefined;
    const value = words.find((one) => one === found.value);
    if (value !== undefined) return { value, place };
    const near = closest(found.value, words);
    report(place, `expected ${expected}, found ${quoted(found.value)}`, {
      hints: near === undefined ? [] : [`did you mean ${near}?`],
    });
    return undefined;
  };
}

/** A whole number within bounds, both included. */
export function integer(least: number, most: number, unit = ""): Reader<Located<number>> {
  const range = `${least} to ${most}${unit === "" ? "" : ` ${unit}`}`;
  return (node, place, report) => {
    const value = isScalar(node) ? wholeNumber(node.source ?? String(node.value)) : undefined;
    if (value === undefined) {
      report(place, `expected a whole number of ${range}, found ${kindOf(node)}`);
      return undefined;
    }
    if (value < least || value > most) {
      report(place, `${value} is out of range: ${range}`);
      return undefined;
    }
    return { value, place };
  };
}

const wholeNumber = (digits: string): number | undefined =>
  /^[+-]?\d{1,15}$/.test(digits) || /^0x[0-9a-fA-F]{1,8}$/.test(digits) ? Number(digits) : undefined;

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

/** `true` and `false`; also `yes no on off`, which YAML 1.1 (netplan's) took for booleans. */
export const boolean: Reader<Located<boolean>> = (node, place, report) => {
  const value = isScalar(node) ? BOOLEANS[String(node.value).toLowerCase()] : undefined;
  if (value !== undefined) return { value, place };
  report(place, `expected true or false, found ${kindOf(node)}`);
  return undefined;
};

/** A key that is known but whose work is not built: anything but `false` is an error that says what to do. */
export function notBuilt(what: string, hint: string): Reader<never> {
  return (node, place, report) => {
    const off = isScalar(node) && BOOLEANS[String(node.value).toLowerCase()] === false;
    if (!off) report(place, `${what} is not built yet`, { hints: [hint] });
    return undefined;
  };
}

const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null);

export const quoted = (text: string): string =>
  `"${printable(text.length > 60 ? text.slice(0, 57) + "..." : text)}"`;

function kindOf(node: Node | null): string {
  if (isEmpty(node)) return "nothing";
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  if (isAlias(node)) return "an alias (anchors and aliases are not used here)";
  return isScalar(node) ? quoted(node.source ?? String(node.value)) : "something else";
}
