import type { SetTable } from "./table.ts";

/**
 * Concatenations of ranges.
 *
 * Overview    elements go into blocks of up to 512. In a block every component has its axis cut at the elements'
 *             bounds; each piece has a bit vector of the elements that cover it. A search finds one piece a
 *             component and takes the first bit all vectors share: the element added first wins.
 * Layout      index: [components, {words, first word}..., blocks, {first row, vector words, {bounds at, pieces,
 *             vectors at}...}...]; keys: bounds, big-endian; ends: vectors.
 * Limits      memory grows with elements * block size; 100k elements take some 30 MB.
 */
export const RANGES_BLOCK = 512;

/** A component: big-endian words of first and last key of every element. */
export interface RangeAxis {
  readonly words: number;
  readonly from: readonly Uint32Array[];
  readonly to: readonly Uint32Array[];
}

export function buildRanges(
  axes: readonly RangeAxis[],
  rows: number,
): { index: Int32Array; keys: Uint32Array; ends: Uint32Array } {
  const index: number[] = [axes.length], bounds: number[] = [], vectors: number[] = [];
  let first = 0;
  for (const axis of axes) {
    index.push(axis.words, first);
    first += axis.words;
  }
  const blocks = Math.ceil(rows / RANGES_BLOCK);
  index.push(blocks);
  for (let block = 0; block < blocks; block++) {
    const base = block * RANGES_BLOCK, count = Math.min(RANGES_BLOCK, rows - base);
    index.push(base, (count + 31) >>> 5);
    for (const axis of axes) {
      const cuts = cutAxis(axis, base, count);
      index.push(bounds.length, cuts.length, vectors.length);
      for (const cut of cuts) for (const word of cut) bounds.push(word);
      for (const cut of cuts) for (const word of cover(axis, base, count, cut)) vectors.push(word);
    }
  }
  return { index: Int32Array.from(index), keys: Uint32Array.from(bounds), ends: Uint32Array.from(vectors) };
}

/** First keys of the pieces, sorted; the first piece begins at zero. */
function cutAxis(axis: RangeAxis, base: number, count: number): Uint32Array[] {
  const cuts: Uint32Array[] = [new Uint32Array(axis.words)];
  for (let i = base; i < base + count; i++) {
    cuts.push(axis.from[i]!);
    const after = axis.to[i]!.slice();
    for (let w = after.length - 1; w >= 0; w--) {
      after[w]!++;
      if (after[w] !== 0) break;
    }
    // All zero: it wrapped, nothing lies behind.
    if (after.some((word) => word !== 0)) cuts.push(after);
  }
  cuts.sort(compareWords);
  return cuts.filter((cut, i) => i === 0 || compareWords(cuts[i - 1]!, cut) !== 0);
}

function cover(axis: RangeAxis, base: number, count: number, at: Uint32Array): Uint32Array {
  const vector = new Uint32Array((count + 31) >>> 5);
  for (let i = 0; i < count; i++) {
    if (compareWords(axis.from[base + i]!, at) <= 0 && compareWords(at, axis.to[base + i]!) <= 0) {
      vector[i >>> 5]! |= 1 << (i & 31);
    }
  }
  return vector;
}

function compareWords(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! < b[i]! ? -1 : 1;
  return 0;
}

const MOST_COMPONENTS = 16;
const pieces = new Int32Array(MOST_COMPONENTS);

/** Row of the first element that covers the key at `at` and has not expired, -1 for none. */
export function rangesFind(
  set: SetTable,
  words: Int32Array,
  at: number,
  time: { readonly now: number },
): number {
  const index = set.index, vectors = set.ends, axes = index[0]!;
  let cursor = 1 + 2 * axes;
  const blocks = index[cursor++]!;
  for (let block = 0; block < blocks; block++) {
    const base = index[cursor]!, length = index[cursor + 1]!;
    cursor += 2;
    for (let a = 0; a < axes; a++) {
      const piece = findPiece(
        set,
        index[cursor]!,
        index[cursor + 1]!,
        index[1 + 2 * a]!,
        words,
        at + index[2 + 2 * a]!,
      );
      pieces[a] = index[cursor + 2]! + piece * length;
      cursor += 3;
    }
    for (let w = 0; w < length; w++) {
      let shared = vectors[pieces[0]! + w]! | 0;
      for (let a = 1; a < axes && shared !== 0; a++) shared &= vectors[pieces[a]! + w]!;
      while (shared !== 0) {
        const row = base + 32 * w + 31 - Math.clz32(shared & -shared);
        if (!set.expiring || set.expires[row]! + set.shift > time.now) return row;
        shared &= shared - 1;
      }
    }
  }
  return -1;
}

/** Index of the last piece that begins at or before the key. */
function findPiece(
  set: SetTable,
  bounds: number,
  count: number,
  width: number,
  words: Int32Array,
  at: number,
): number {
  const keys = set.ordered;
  let low = 0;
  while (count > 1) {
    const half = count >>> 1;
    let before = true;
    for (let i = 0, b = bounds + (low + half) * width; i < width; i++, b++) {
      const w = words[at + i]!;
      const key = ((w << 24) | ((w & 0xff00) << 8) | ((w >>> 8) & 0xff00) | (w >>> 24)) >>> 0;
      if (keys[b] === key) continue;
      before = keys[b]! < key;
      break;
    }
    if (before) low += half;
    count -= half;
  }
  return low;
}
