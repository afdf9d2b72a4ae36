import { compareBytes, lastKey, sortIntervals } from "./intervals.ts";
import { LayeredMap } from "./layered_map.ts";
import { elementKey, type SetElement } from "./ruleset.ts";

/** Elements of a base in order; bases never change. */
const orders = new WeakMap<ReadonlyMap<string, SetElement>, readonly SetElement[]>();

/**
 * Intervals of a set that meet [from, to], the catch-all left out. Those of a large set's base (`layered_map.ts`),
 * which do not overlap, are found by binary search in an order made once; all others are compared.
 */
export function meeting(
  elements: ReadonlyMap<string, SetElement>,
  from: Uint8Array,
  to: Uint8Array,
): SetElement[] {
  const found: SetElement[] = [];
  if (!(elements instanceof LayeredMap)) {
    for (const element of elements.values()) if (meets(element, from, to)) found.push(element);
    return found;
  }
  const { base, gone, own } = LayeredMap.layers<string, SetElement>(elements);
  for (const element of own.values()) if (meets(element, from, to)) found.push(element);
  let order = orders.get(base);
  if (order === undefined) orders.set(base, order = sortIntervals(base.values()));
  let low = 0, high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(lastKey(order[middle]!), from) < 0) low = middle + 1;
    else high = middle;
  }
  for (; low < order.length && compareBytes(order[low]!.key, to) <= 0; low++) {
    if (!gone.has(elementKey(order[low]!))) found.push(order[low]!);
  }
  return found;
}

const meets = (element: SetElement, from: Uint8Array, to: Uint8Array): boolean =>
  !element.catchall && compareBytes(lastKey(element), from) >= 0 && compareBytes(element.key, to) <= 0;
