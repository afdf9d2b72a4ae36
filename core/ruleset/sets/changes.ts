import { hashFind } from "./hash.ts";
import { orderedFind } from "./interval.ts";
import type { SetTable } from "./table.ts";

/**
 * Few changes to a large set: generations share the arrays of one base, and each has an index of its own for the rows
 * it adds and a small hash of the base's rows it lacks. Rows once written stay as they are, so that a generation
 * never sees another's.
 */

/** Row of a key in a hash, when the base answered `row`: what the base still has no generation has in another row. */
export function changedHash(set: SetTable, words: Int32Array, at: number, row: number): number {
  return row >= 0 && !isGone(set.gone, row) ? row : hashFind(set, words, at, set.own);
}

/** The same of an interval. */
export function changedInterval(set: SetTable, words: Int32Array, at: number, row: number): number {
  return row >= 0 && !isGone(set.gone, row) ? row : orderedFind(set, set.own, words, at);
}

export const slotOf = (row: number, mask: number): number => (Math.imul(row, 0x9e3779b1) >>> 7) & mask;

export function isGone(gone: Int32Array, row: number): boolean {
  if (gone.length === 0) return false;
  const mask = gone.length - 1;
  for (let slot = slotOf(row, mask);; slot = (slot + 1) & mask) {
    const there = gone[slot]!;
    if (there === 0) return false;
    if (there === row + 1) return true;
  }
}
