import { changedHash, changedInterval } from "./changes.ts";
import { hashFind } from "./hash.ts";
import { SET_BITMAP, SET_HASH, SET_INTERVAL } from "./image.ts";
import { intervalFind } from "./interval.ts";
import { rangesFind } from "./ranges.ts";
import type { SetTable } from "./table.ts";

/**
 * Row of the key at word `at` of the registers, the catch-all's when none has it, -1 for none. The time comes as the
 * batch that carries it: a fraction handed over as an argument would be boxed for every packet.
 */
export function find(
  set: SetTable,
  registers: Int32Array,
  at: number,
  time: { readonly now: number },
): number {
  let row: number;
  switch (set.kind) {
    case SET_BITMAP: {
      const bit = registers[at]! & set.lastMask;
      return (set.index[bit >>> 5]! >>> (bit & 31)) & 1 ? 0 : -1;
    }
    case SET_HASH:
      row = hashFind(set, registers, at);
      if (set.changed) row = changedHash(set, registers, at, row);
      break;
    case SET_INTERVAL:
      row = intervalFind(set, registers, at);
      if (set.changed) row = changedInterval(set, registers, at, row);
      break;
    default:
      row = rangesFind(set, registers, at, time);
  }
  if (row >= 0 && set.expiring && set.expires[row]! + set.shift <= time.now) row = -1;
  if (row < 0 && set.catchall >= 0) {
    row = set.catchall;
    if (set.expiring && set.expires[row]! + set.shift <= time.now) row = -1;
  }
  return row;
}
