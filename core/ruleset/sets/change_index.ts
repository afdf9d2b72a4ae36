import { compareBytes } from "../intervals.ts";
import type { SetElement } from "../ruleset.ts";
import { slotOf } from "./changes.ts";
import { hashSlots, hashWords } from "./hash.ts";
import type { SetTable } from "./table.ts";

/** Indices of a successor's changes, made by the control plane and read by `changes.ts`. */

/** A row that a successor adds to its base. */
export type OwnRow = { readonly element: SetElement; readonly row: number };

/** Index of these rows in a hash. */
export function hashedRows(table: SetTable, own: readonly OwnRow[]): Int32Array {
  const index = new Int32Array(hashSlots(own.length)), mask = index.length - 1, count = table.keyWords;
  for (const { row } of own) {
    let slot = hashWords(table.keys, row * count, count, -1, table.seed) & mask;
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = row + 1;
  }
  return index;
}

/** These rows in the order of their intervals. */
export const orderedRows = (own: OwnRow[]): Int32Array =>
  Int32Array.from(own.sort((a, b) => compareBytes(a.element.key, b.element.key)), ({ row }) => row);

/** Rows of the base that do not count. */
export function goneIndex(rows: readonly number[]): Int32Array {
  const index = new Int32Array(hashSlots(rows.length)), mask = index.length - 1;
  for (const row of rows) {
    let slot = slotOf(row, mask);
    while (index[slot] !== 0) slot = (slot + 1) & mask;
    index[slot] = row + 1;
  }
  return index;
}
