import type { SetTable } from "./table.ts";

/**
 * Exact keys: open addressing with linear probing, at most half full. `index` holds row + 1, 0 for an empty slot.
 * The seed differs from set to set so that nobody outside can aim at one bucket.
 */

/** Slots for so many rows. */
export const hashSlots = (rows: number): number => 2 ** Math.ceil(Math.log2(Math.max(4, rows * 2)));

export function hashWords(words: Int32Array, at: number, count: number, last: number, seed: number): number {
  let h = seed;
  const end = at + count - 1;
  for (let i = at; i < end; i++) {
    h = Math.imul(h ^ words[i]!, 0x85ebca6b);
    h ^= h >>> 15;
  }
  h = Math.imul(h ^ (words[end]! & last), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Row with the key at `at`, -1 for none. */
export function hashFind(set: SetTable, words: Int32Array, at: number, index = set.index): number {
  const keys = set.keys, count = set.keyWords, last = set.lastMask;
  const mask = index.length - 1;
  let slot = hashWords(words, at, count, last, set.seed) & mask;
  if (count === 1) {
    const key = words[at]! & last;
    for (;;) {
      const row = index[slot]! - 1;
      if (row < 0) return -1;
      if (keys[row] === key) return row;
      slot = (slot + 1) & mask;
    }
  }
  for (;;) {
    const row = index[slot]! - 1;
    if (row < 0) return -1;
    let k = row * count, i = at;
    const end = at + count - 1;
    while (i < end && keys[k] === words[i]) k++, i++;
    if (i === end && keys[k] === (words[i]! & last)) return row;
    slot = (slot + 1) & mask;
  }
}

/** Puts rows 0..rows of `keys` (last words masked) into a fresh index. Keys must differ. */
export function hashIndex(keys: Int32Array, rows: number, count: number, seed: number): Int32Array {
  const index = new Int32Array(hashSlots(rows)), mask = index.length - 1;
  for (let row = 0; row < rows; row++) {
    let slot = hashWords(keys, row * count, count, -1, seed) & mask;
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = row + 1;
  }
  return index;
}

/** Takes `row` out of the index, moving later entries of its run back so that no gap is left. */
export function hashRemove(set: SetTable, row: number): void {
  const index = set.index, keys = set.keys, count = set.keyWords, mask = index.length - 1;
  let slot = hashWords(keys, row * count, count, -1, set.seed) & mask;
  while (index[slot] !== row + 1) {
    if (index[slot] === 0) return;
    slot = (slot + 1) & mask;
  }
  for (let next = (slot + 1) & mask; index[next] !== 0; next = (next + 1) & mask) {
    const home = hashWords(keys, (index[next]! - 1) * count, count, -1, set.seed) & mask;
    // An entry may move back unless its home lies between the gap and itself.
    if (((next - home) & mask) < ((next - slot) & mask)) continue;
    index[slot] = index[next]!;
    slot = next;
  }
  index[slot] = 0;
}

/** Adds a row whose key is already in `keys`. */
export function hashInsert(set: SetTable, row: number): void {
  const index = set.index, count = set.keyWords, mask = index.length - 1;
  let slot = hashWords(set.keys, row * count, count, -1, set.seed) & mask;
  while (index[slot] !== 0) slot = (slot + 1) & mask;
  index[slot] = row + 1;
}
