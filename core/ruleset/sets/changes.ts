import { hashFind, hashSlots } from "./hash.ts";
import { orderedFind } from "./interval.ts";
import type { SetTable } from "./table.ts";

/**
 * Few changes to a large set: generations share the arrays of one base, and each has an index of its own for the rows
 * it adds and a small hash of the base's rows it lacks. Rows once written stay as they are, so that a generation
 * never sees another's.
 */

/** Row of a key in a hash, when the base answered `row`. */
export function changedHash(set: SetTable, words: Int32Array, at: number, row: number): number {
  const own = hashFind(set, words, at, set.own);
  return own >= 0 ? own : row >= 0 && isGone(set.gone, row) ? -1 : row;
}

/** The same of an interval. */
export function changedInterval(set: SetTable, words: Int32Array, at: number, row: number): number {
  const own = orderedFind(set, set.own, words, at);
  return own >= 0 ? own : row >= 0 && isGone(set.gone, row) ? -1 : row;
}

const slotOf = (row: number, mask: number): number => (Math.imul(row, 0x9e3779b1) >>> 7) & mask;

function isGone(gone: Int32Array, row: number): boolean {
  const mask = gone.length - 1;
  for (let slot = slotOf(row, mask);; slot = (slot + 1) & mask) {
    const there = gone[slot]!;
    if (there === 0) return false;
    if (there === row + 1) return true;
  }
}

export function goneIndex(rows: readonly number[]): Int32Array {
  const index = new Int32Array(hashSlots(rows.length)), mask = index.length - 1;
  for (const row of rows) {
    let slot = slotOf(row, mask);
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = row + 1;
  }
  return index;
}
