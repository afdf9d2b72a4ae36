import { lastKey, sortIntervals } from "../intervals.ts";
import { type SetDefinition, type SetElement, typeLength } from "../ruleset.ts";
import { hashIndex } from "./hash.ts";
import {
  lastMask,
  orderWords,
  SET_BITMAP,
  SET_HASH,
  SET_INTERVAL,
  SET_RANGES,
  type SetImage,
} from "./image.ts";
import { buildRanges, type RangeAxis } from "./ranges.ts";
import { type RowContext, writeElementData } from "./row_data.ts";
import { stateOf } from "./row_state.ts";

/** The whole image of a set, in the back end given. */
export function buildImage(context: RowContext, kind: number): SetImage {
  const { set, live } = context;
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
    writeElementData(context, element, data, row * dataWords, dataWords);
  }
  const seed = live.seed ^ Math.imul(set.handle + 1, 0x9e3779b1) ^ Math.imul(set.live + 1, 0x85ebca6b);
  const ranges = kind === SET_RANGES ? buildRanges(axes(set, elements, rows), rows) : undefined;
  const big = kind === SET_INTERVAL, flat = big || kind === SET_HASH ? rows : 0;
  const keys = ranges?.keys ?? flatten(elements, flat, keyWords, big, (e) => e.key);
  const state = stateOf(set, elements, live);
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
    ...state,
    expires: set.live > 0 || set.timeouts || elements.some((e) => e.deadline !== undefined)
      ? Float64Array.from(elements, (e) => e.deadline ?? Infinity)
      : new Float64Array(0),
    catchall: star === undefined ? -1 : rows,
    seed,
    base: 0,
    cellsEnd: state.cells.reduce((end, cell) => Math.max(end, cell + 2), 0),
    ...(set.live > 0 ? { live: live.image(set, keyWords, dataWords) } : {}),
  };
  live.built(image);
  return image;
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
