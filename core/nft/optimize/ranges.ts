/** Values of one field: ranges with both ends inside, in order, no two touching. */
export type Ranges = readonly (readonly [from: bigint, to: bigint])[];

/** In order and joined. */
export function rangesOf(pairs: Iterable<readonly [bigint, bigint]>): Ranges {
  const sorted = [...pairs].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const result: [bigint, bigint][] = [];
  for (const [from, to] of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1] + 1n) {
      if (to > last[1]) last[1] = to;
    } else result.push([from, to]);
  }
  return result;
}

/** Everything else of 0 to `most`. */
export function complement(ranges: Ranges, most: bigint): Ranges {
  const result: [bigint, bigint][] = [];
  let next = 0n;
  for (const [from, to] of ranges) {
    if (from > next) result.push([next, from - 1n]);
    next = to + 1n;
  }
  if (next <= most) result.push([next, most]);
  return result;
}

export function intersect(a: Ranges, b: Ranges): Ranges {
  const result: [bigint, bigint][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [fromA, toA] = a[i]!, [fromB, toB] = b[j]!;
    const from = fromA > fromB ? fromA : fromB, to = toA < toB ? toA : toB;
    if (from <= to) result.push([from, to]);
    if (toA < toB) i++;
    else j++;
  }
  return result;
}

export function meet(a: Ranges, b: Ranges): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [fromA, toA] = a[i]!, [fromB, toB] = b[j]!;
    if (fromA <= toB && fromB <= toA) return true;
    if (toA < toB) i++;
    else j++;
  }
  return false;
}

/** Whether all of `inner` lies in `outer`. */
export function within(inner: Ranges, outer: Ranges): boolean {
  if (inner.length === 1 && outer.length === 1) {
    const mine = inner[0]!, all = outer[0]!;
    return all[0] <= mine[0] && mine[1] <= all[1];
  }
  let j = 0;
  for (const [from, to] of inner) {
    while (j < outer.length && outer[j]![1] < from) j++;
    const found = outer[j];
    if (found === undefined || found[0] > from || found[1] < to) return false;
  }
  return true;
}
