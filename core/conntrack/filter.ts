import { ORIGINAL } from "./status.ts";
import type { FlowTable } from "./table.ts";

/** Which flows a command means; what is absent matches all. Words and ports as in the original tuple. */
export interface FlowFilter {
  readonly family?: 4 | 6;
  readonly protocol?: number;
  /** Four host-order words. */
  readonly source?: readonly [number, number, number, number];
  readonly destination?: readonly [number, number, number, number];
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly mark?: number;
  readonly markMask?: number;
}

/** Whether the flow's original tuple is one the filter means, as `conntrack -D` judges it. */
export function matchesFlow(table: FlowTable, row: number, filter: FlowFilter): boolean {
  if (filter.family !== undefined && filter.family !== table.family(row)) return false;
  if (filter.protocol !== undefined && filter.protocol !== table.protocol(row)) return false;
  if (filter.sourcePort !== undefined && filter.sourcePort !== table.sourcePort(row, ORIGINAL)) return false;
  if (
    filter.destinationPort !== undefined && filter.destinationPort !== table.destinationPort(row, ORIGINAL)
  ) {
    return false;
  }
  if (filter.mark !== undefined && ((table.mark[row]! ^ filter.mark) & (filter.markMask ?? ~0)) !== 0) {
    return false;
  }
  for (let word = 0; word < 4; word++) {
    if (filter.source !== undefined && filter.source[word] !== table.sourceWord(row, ORIGINAL, word)) {
      return false;
    }
    if (
      filter.destination !== undefined &&
      filter.destination[word] !== table.destinationWord(row, ORIGINAL, word)
    ) {
      return false;
    }
  }
  return true;
}
