import type { SetTable } from "./table.ts";

/**
 * Intervals that do not overlap, sorted by their first key: binary search. Words are big-endian, so that numbers
 * order as the kernel orders bytes.
 */

/** Row whose interval holds the key at `at`, -1 for none. */
export function intervalFind(set: SetTable, words: Int32Array, at: number): number {
  return set.keyWords === 1 ? findWord(set, words[at]!) : findWords(set, words, at);
}

function findWord(set: SetTable, word: number): number {
  const w = word & set.lastMask, keys = set.ordered;
  const key = ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;
  let low = 0, count = set.rows;
  while (count > 1) {
    const half = count >>> 1;
    if (keys[low + half]! <= key) low += half;
    count -= half;
  }
  return count === 1 && keys[low]! <= key && key <= set.ends[low]! ? low : -1;
}

function findWords(set: SetTable, words: Int32Array, at: number): number {
  let low = 0, count = set.rows;
  while (count > 1) {
    const half = count >>> 1;
    if (compareKey(set.ordered, (low + half) * set.keyWords, set, words, at) <= 0) low += half;
    count -= half;
  }
  if (count === 0 || compareKey(set.ordered, low * set.keyWords, set, words, at) > 0) return -1;
  return compareKey(set.ends, low * set.keyWords, set, words, at) >= 0 ? low : -1;
}

/** The same among `order`: rows in order of their first keys. */
export function orderedFind(set: SetTable, order: Int32Array, words: Int32Array, at: number): number {
  let low = 0, count = order.length;
  if (count === 0) return -1;
  while (count > 1) {
    const half = count >>> 1;
    if (compareKey(set.ordered, order[low + half]! * set.keyWords, set, words, at) <= 0) low += half;
    count -= half;
  }
  const row = order[low]!;
  if (compareKey(set.ordered, row * set.keyWords, set, words, at) > 0) return -1;
  return compareKey(set.ends, row * set.keyWords, set, words, at) >= 0 ? row : -1;
}

/** Sign of `bounds[from..] - key`. */
function compareKey(
  bounds: Uint32Array,
  from: number,
  set: SetTable,
  words: Int32Array,
  at: number,
): number {
  const last = set.keyWords - 1;
  for (let i = 0; i <= last; i++) {
    const w = i === last ? words[at + i]! & set.lastMask : words[at + i]!;
    const key = ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;
    const bound = bounds[from + i]!;
    if (bound !== key) return bound < key ? -1 : 1;
  }
  return 0;
}
