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
export const sortIntervals = (elements: Iterable<SetElement>): SetElement[] =>
  [...elements].filter((e) => !e.catchall).sort((a, b) => compareBytes(a.key, b.key));

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
function successor(bytes: Uint8Array): Uint8Array {
  if (bytes.every((b) => b === 255)) return bytes;
  const next = bytes.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! + 1) & 255;
    if (next[i] !== 0) break;
  }
  return next;
}

function predecessor(bytes: Uint8Array): Uint8Array {
  const next = bytes.slice();
  for (let i = next.length - 1; i >= 0; i--) {
    next[i] = (next[i]! - 1) & 255;
    if (next[i] !== 255) break;
  }
  return next;
}

/** Splits a concatenated key into its padded components' positions. */
export function componentOffsets(bits: readonly number[]): number[] {
  let at = 0;
  return bits.map((b) => {
    const here = at;
    at += ((b + 31) >>> 5) * 4;
    return here;
  });
}

/** Whether a point lies in a concatenation of ranges, component by component. */
export function rangesContain(
  element: Pick<SetElement, "key" | "end">,
  point: Uint8Array,
  bits: readonly number[],
): boolean {
  const offsets = componentOffsets(bits), end = lastKey(element);
  return offsets.every((at, i) => {
    const stop = offsets[i + 1] ?? point.length;
    const here = point.subarray(at, stop);
    return compareBytes(element.key.subarray(at, stop), here) <= 0 &&
      compareBytes(here, end.subarray(at, stop)) <= 0;
  });
}
