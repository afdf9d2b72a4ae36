import type { ElementStatement, Verdict } from "../../expr/expression.ts";
import { lastKey, sortIntervals } from "../intervals.ts";
import {
  type ObjectDefinition,
  objectKey,
  type SetDefinition,
  type SetElement,
  type Table,
  typeLength,
} from "../ruleset.ts";
import { hashIndex } from "./hash.ts";
import {
  CODE_ACCEPT,
  CODE_BREAK,
  CODE_CONTINUE,
  CODE_DROP,
  CODE_GOTO,
  CODE_JUMP,
  CODE_RETURN,
  hostWords,
  lastMask,
  orderWords,
  SET_BITMAP,
  SET_HASH,
  SET_INTERVAL,
  SET_RANGES,
  type SetImage,
} from "./image.ts";
import type { LiveStore } from "./live.ts";
import { declaredStatements, elementStatements, uncounted } from "../element_statements.ts";
import { initialState } from "../state.ts";
import { sharedImage, sharesBase } from "./shared_base.ts";
import { buildRanges, type RangeAxis } from "./ranges.ts";

/** First instruction of the chain a verdict goes to. */
export type ChainEntry = (chain: string) => number;

const images = new WeakMap<SetDefinition, SetImage>();

/**
 * Image of a set in the back end that suits it. Images of unchanged sets are made once: an incremental command
 * rebuilds only what it touched, and of a large set only the changes (`shared_base.ts`). Verdict maps are made anew when
 * their targets moved.
 */
export function setImage(
  set: SetDefinition,
  live: LiveStore,
  entry: ChainEntry,
  objects: Table["objects"] = NO_OBJECTS,
): SetImage {
  const verdicts = set.data === "verdict";
  let image = verdicts ? undefined : images.get(set);
  if (image === undefined) {
    image = (sharesBase(set) ? shared(set, live, entry, objects) : undefined) ??
      build(set, live, entry, objects);
    if (!verdicts) images.set(set, image);
  }
  return image;
}

const shared = (set: SetDefinition, live: LiveStore, entry: ChainEntry, objects: Table["objects"]) =>
  sharedImage(
    set,
    chooseBackend,
    (whole, kind) => build(whole, live, entry, objects, kind),
    (element, data, at, words) => writeData(element, data, at, words, entry),
    entry,
  );

const NO_OBJECTS: Table["objects"] = new Map();

function build(
  set: SetDefinition,
  live: LiveStore,
  entry: ChainEntry,
  objects: Table["objects"],
  kind = chooseBackend(set),
): SetImage {
  const length = typeLength(set.key), keyWords = Math.max(1, (length + 3) >>> 2);
  const elements = kind === SET_INTERVAL
    ? sortIntervals(set.elements.values())
    : [...set.elements.values()].filter((e) => !e.catchall);
  const rows = elements.length, star = set.elements.get("*");
  if (star !== undefined) elements.push(star);
  const dataWords = set.objects !== undefined
    ? 2
    : set.data === undefined
    ? 0
    : set.data === "verdict"
    ? 2
    : (typeLength(set.data) + 3) >>> 2;
  const data = new Uint32Array(elements.length * dataWords);
  for (const [row, element] of elements.entries()) {
    writeData(element, data, row * dataWords, dataWords, entry);
    const object = element.object === undefined || set.objects === undefined
      ? undefined
      : objects.get(objectKey(set.objects, element.object));
    if (object !== undefined && isElementStatement(object.expression)) {
      data[row * dataWords] = live.statements.place([object.expression]);
      data[row * dataWords + 1] = object.cell;
    }
  }
  const seed = live.seed ^ Math.imul(set.handle + 1, 0x9e3779b1) ^ Math.imul(set.live + 1, 0x85ebca6b);
  const ranges = kind === SET_RANGES ? buildRanges(axes(set, elements, rows), rows) : undefined;
  const big = kind === SET_INTERVAL, flat = big || kind === SET_HASH ? rows : 0;
  const keys = ranges?.keys ?? flatten(elements, flat, keyWords, big, (e) => e.key);
  const image: SetImage = {
    kind,
    name: set.name,
    keyWords,
    lastMask: lastMask(length),
    dataWords,
    rows,
    index: kind === SET_BITMAP
      ? bitmap(elements, length)
      : kind === SET_HASH
      ? hashIndex(new Int32Array(keys.buffer), rows, keyWords, seed)
      : ranges?.index ?? new Int32Array(0),
    keys,
    ends: ranges?.ends ?? flatten(elements, big ? rows : 0, keyWords, big, lastKey),
    data,
    ...stateOf(set, elements, live),
    expires: set.live > 0 || elements.some((e) => e.deadline !== undefined)
      ? Float64Array.from(elements, (e) => e.deadline ?? Infinity)
      : new Float64Array(0),
    catchall: star === undefined ? -1 : rows,
    seed,
    ...(set.live > 0 ? { live: live.image(set, keyWords, dataWords) } : {}),
  };
  live.built(image);
  return image;
}

const isElementStatement = (e: ObjectDefinition): e is Extract<ObjectDefinition, ElementStatement> =>
  e.kind === "counter" || e.kind === "quota" || e.kind === "limit" || e.kind === "connlimit";

/** What elements do, and where their state is. */
function stateOf(
  set: SetDefinition,
  elements: readonly SetElement[],
  live: LiveStore,
): Pick<SetImage, "places" | "states" | "cells" | "initial"> {
  const declared = declaredStatements(set), own = (e: SetElement) => e.statements ?? e.counter;
  if (declared.length === 0 && elements.every((e) => own(e) === undefined)) return STATELESS;
  const common = live.statements.place(uncounted(declared)), places = new Int32Array(elements.length);
  let states = declared.length;
  for (const [row, element] of elements.entries()) {
    const statements = own(element) === undefined ? declared : elementStatements(set, element);
    places[row] = statements === declared ? common : live.statements.place(uncounted(statements));
    states = Math.max(states, statements.length);
  }
  const changing = set.live > 0, cells = new Int32Array(changing ? 0 : elements.length * states).fill(-1);
  const initial = new Float64Array(changing ? elements.length * states * 2 : 0);
  for (const [row, element] of elements.entries()) {
    if (changing) {
      for (const [i, statement] of elementStatements(set, element).entries()) {
        initial.set(initialState(statement) ?? [0, 0], 2 * (row * states + i));
      }
    } else cells.set(element.cells ?? [element.cell ?? -1], row * states);
  }
  return { places, states, cells, initial };
}

const STATELESS = {
  places: new Int32Array(0),
  states: 0,
  cells: new Int32Array(0),
  initial: new Float64Array(0),
};

/** The back end for a set, from its flags, its key and what is in it. */
export function chooseBackend(set: SetDefinition): number {
  const length = typeLength(set.key);
  if (set.live > 0) return SET_HASH;
  let exact = true;
  let plain = set.data === undefined && set.objects === undefined && !set.timeouts &&
    declaredStatements(set).length === 0;
  for (const element of set.elements.values()) {
    if (element.end !== undefined && !element.catchall) exact = false;
    if (element.catchall || (element.cell ?? -1) >= 0) plain = false;
  }
  if (plain && length <= 2) return SET_BITMAP;
  if (exact) return SET_HASH;
  return set.key.bits.length === 1 ? SET_INTERVAL : SET_RANGES;
}

/** A bit for each key as it lies in the register: 256 or 65536 of them. */
function bitmap(elements: readonly SetElement[], length: number): Int32Array {
  const bits = new Int32Array(length === 1 ? 8 : 2048);
  for (const element of elements) {
    const from = ordinal(element.key), to = ordinal(lastKey(element));
    for (let key = from; key <= to; key++) {
      const bit = length === 1 ? key : ((key & 255) << 8) | (key >>> 8);
      bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }
  return bits;
}

const ordinal = (bytes: Uint8Array): number => bytes.reduce((n, b) => n * 256 + b, 0);

function axes(set: SetDefinition, elements: readonly SetElement[], rows: number): RangeAxis[] {
  let at = 0;
  return set.key.bits.map((bits) => {
    const words = (bits + 31) >>> 5, from: Uint32Array[] = [], to: Uint32Array[] = [];
    for (const element of elements.slice(0, rows)) {
      from.push(orderWords(element.key.subarray(at, at + 4 * words), words));
      to.push(orderWords(lastKey(element).subarray(at, at + 4 * words), words));
    }
    at += 4 * words;
    return { words, from, to };
  });
}

/** Keys of the first `rows` elements as words, one after the other; big-endian when they are to be ordered. */
function flatten(
  elements: readonly SetElement[],
  rows: number,
  keyWords: number,
  big: boolean,
  bytesOf: (element: SetElement) => Uint8Array,
): Uint32Array<ArrayBuffer> {
  const all = new Uint32Array(rows * keyWords);
  for (let row = 0; row < rows; row++) {
    const bytes = bytesOf(elements[row]!), at = row * keyWords;
    for (let i = 0; i < bytes.length; i++) {
      all[at + (i >>> 2)]! |= bytes[i]! << (big ? 24 - 8 * (i & 3) : 8 * (i & 3));
    }
  }
  return all;
}

function writeData(
  element: SetElement,
  data: Uint32Array,
  at: number,
  words: number,
  entry: ChainEntry,
): void {
  if (element.verdict !== undefined) {
    const [code, target] = verdictWords(element.verdict, entry);
    data[at] = code;
    data[at + 1] = target;
  } else if (element.data !== undefined) data.set(hostWords(element.data, words), at);
}

function verdictWords(verdict: Verdict, entry: ChainEntry): [number, number] {
  switch (verdict.code) {
    case "accept":
      return [CODE_ACCEPT, 0];
    case "drop":
      return [CODE_DROP, 0];
    case "continue":
      return [CODE_CONTINUE, 0];
    case "break":
      return [CODE_BREAK, 0];
    case "return":
      return [CODE_RETURN, 0];
    case "jump":
      return [CODE_JUMP, entry(verdict.chain)];
    case "goto":
      return [CODE_GOTO, entry(verdict.chain)];
  }
}
