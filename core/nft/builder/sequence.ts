/**
 * The longest sequence two lists have in common, as index pairs in order (Hunt and Szymanski 1977): for every value
 * of `after` the places it has in `before`, and of all these the longest rising run.
 */
export function commonSequence(before: readonly string[], after: readonly string[]): [number, number][] {
  let head = 0, tail = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head++;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const pairs: [number, number][] = [];
  for (let index = 0; index < head; index++) pairs.push([index, index]);
  pairs.push(...rising(before, after, head, tail));
  for (let index = tail; index > 0; index--) pairs.push([before.length - index, after.length - index]);
  return pairs;
}

interface Link {
  readonly before: number;
  readonly after: number;
  readonly previous: Link | undefined;
}

function rising(
  before: readonly string[],
  after: readonly string[],
  head: number,
  tail: number,
): [number, number][] {
  const places = new Map<string, number[]>();
  for (let index = before.length - tail - 1; index >= head; index--) {
    const known = places.get(before[index]!);
    if (known === undefined) places.set(before[index]!, [index]);
    else known.push(index);
  }
  // The end with the smallest place of a run of each length.
  const ends: Link[] = [];
  for (let index = head; index < after.length - tail; index++) {
    // Falling, so that one value of `after` is not taken twice.
    for (const place of places.get(after[index]!) ?? []) {
      let low = 0, high = ends.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (ends[middle]!.before < place) low = middle + 1;
        else high = middle;
      }
      ends[low] = { before: place, after: index, previous: ends[low - 1] };
    }
  }
  const pairs: [number, number][] = [];
  for (let link = ends.at(-1); link !== undefined; link = link.previous) {
    pairs.push([link.before, link.after]);
  }
  return pairs.reverse();
}
