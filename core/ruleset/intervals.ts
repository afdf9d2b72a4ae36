import type { SetElement } from "./ruleset.ts";

/** Order and overlap of keys as the kernel compares them: bytes from the first on (memcmp). */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return 0;
}

export const lastKey = (element: Pick<SetElement, "key" | "end">): Uint8Array => element.end ?? element.key;

/** Elements in order of their first key; the catch-all left out. */
export function sortIntervals(elements: Iterable<SetElement>): SetElement[] {
  const list: SetElement[] = [];
  let sorted = true, before: SetElement | undefined;
  for (const element of elements) {
    if (element.catchall) continue;
    if (before !== undefined && compareBytes(before.key, element.key) > 0) sorted = false;
    list.push(before = element);
  }
  return sorted ? list : sortByKey(list);
}

/** Elements a number holds beside the first four bytes of a key: 2^53 / 2^32. */
const NUMBERED = 2 ** 21;

/** Sorts by the first four bytes as plain numbers, without a call a comparison; then what they have in common. */
function sortByKey(list: SetElement[]): SetElement[] {
  const byBytes = (a: SetElement, b: SetElement) => compareBytes(a.key, b.key);
  if (list.length > NUMBERED || (list[0]?.key.length ?? 0) < 4) return list.sort(byBytes);
  const order = new Float64Array(list.length);
  for (const [index, { key }] of list.entries()) {
    order[index] = (((key[0]! << 24) | (key[1]! << 16) | (key[2]! << 8) | key[3]!) >>> 0) * NUMBERED + index;
  }
  order.sort();
  const sorted: SetElement[] = [];
  let from = 0, first = -1;
  for (const number of order) {
    const index = number % NUMBERED, lead = (number - index) / NUMBERED;
    if (lead !== first) {
      sortRun(sorted, from, byBytes);
      from = sorted.length;
      first = lead;
    }
    sorted.push(list[index]!);
  }
  sortRun(sorted, from, byBytes);
  return sorted;
}

/** Sorts what is behind `from`, where that is more than one. */
function sortRun(list: SetElement[], from: number, order: (a: SetElement, b: SetElement) => number): void {
  if (list.length - from < 2 || list[from]!.key.length === 4) return;
  for (const element of list.splice(from).sort(order)) list.push(element);
}

/** First pair that overlaps in a sorted list, as the index of its second; -1 for none. */
export function overlapIn(sorted: readonly SetElement[]): number {
  for (let i = 1; i < sorted.length; i++) {
    if (compareBytes(lastKey(sorted[i - 1]!), sorted[i]!.key) >= 0) return i;
  }
  return -1;
}

/** Joins overlapping and adjacent intervals of a sorted list (`auto-merge`). */
export function mergeIntervals(sorted: readonly SetElement[]): SetElement[] {
  const result: SetElement[] = [];
  for (const element of sorted) {
    const before = result.at(-1);
    const touches = before !== undefined &&
      (compareBytes(lastKey(before), element.key) >= 0 ||
        compareBytes(successor(lastKey(before)), element.key) === 0);
    if (!touches) result.push(element);
    else if (compareBytes(lastKey(element), lastKey(before)) > 0) {
      result[result.length - 1] = { ...before, end: lastKey(element) };
    }
  }
  return result;
}

/** What is left of `element` without [from, to]; undefined when they do not meet. */
export function subtractInterval(
  element: SetElement,
  from: Uint8Array,
  to: Uint8Array,
): SetElement[] | undefined {
  const end = lastKey(element);
  if (compareBytes(end, from) < 0 || compareBytes(to, element.key) < 0) return undefined;
  const rest: SetElement[] = [];
  if (compareBytes(element.key, from) < 0) rest.push({ ...element, end: predecessor(from) });
  if (compareBytes(to, end) < 0) rest.push({ ...element, key: successor(to), end });
  return rest;
}

/** The next number of that width; all ones stays. */
export function successor(bytes: Uint8Array): Uint8Array {
  if (bytes.every((b) => b === 255)) return bytes;
  const next = bytes.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 255;
    if (next[i] !== 0) break;
  }
  return next;
}

/** The one before; of zero, all ones. */
export function predecessor(bytes: Uint8Array): Uint8Array {
  const next = bytes.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! - 1) & 255;
    if (next[i] !== 255) break;
  }
  return next;
}

/** Whether a point lies in a concatenation of ranges, component by component (each padded to four bytes). */
export function rangesContain(
  element: Pick<SetElement, "key" | "end">,
  point: Uint8Array,
  bits: readonly number[],
): boolean {
  const { key } = element, end = lastKey(element);
  let at = 0;
  for (const width of bits) {
    const stop = at + ((width + 31) >>> 5) * 4;
    if (orderWithin(key, point, at, stop) > 0 || orderWithin(point, end, at, stop) > 0) return false;
    at = stop;
  }
  return true;
}

function orderWithin(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const d = a[i]! - b[i]!;
    if (d !== 0) return d;
  }
  return 0;
}
