import { type CryptoRequests, MOST_SEGMENTS, type SegmentColumns } from "../../core/crypto/requests.ts";

/**
 * Walks over the segments of a request.
 *
 * Overview    the bytes of one side of a row are numbered from 0, whatever they are cut into. Each walk takes a range
 *             of them and goes no further than the range and no further than the segments: the shorter one ends it.
 * Ownership   nothing is kept; nothing is allocated.
 */

/** Copies `length` bytes from number `from` on into `to` at `at`; how many there were. */
export function gather(
  requests: CryptoRequests,
  side: SegmentColumns,
  row: number,
  from: number,
  to: Uint8Array,
  at: number,
  length: number,
): number {
  let skip = from, left = length, into = at;
  for (let i = row * MOST_SEGMENTS, end = i + side.count[row]!; i < end && left > 0; i++) {
    const size = side.length[i]!;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const memory = requests.memory[side.region[i]!]!;
    let source = side.offset[i]! + skip;
    const count = Math.min(size - skip, left);
    for (const stop = source + count; source < stop;) to[into++] = memory[source++]!;
    left -= count;
    skip = 0;
  }
  return length - left;
}

/** Copies `length` bytes of `bytes` at `at` to number `from` on; how many found room. */
export function scatter(
  requests: CryptoRequests,
  side: SegmentColumns,
  row: number,
  from: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  let skip = from, left = length, source = at;
  for (let i = row * MOST_SEGMENTS, end = i + side.count[row]!; i < end && left > 0; i++) {
    const size = side.length[i]!;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const memory = requests.memory[side.region[i]!]!;
    let into = side.offset[i]! + skip;
    const count = Math.min(size - skip, left);
    for (const stop = into + count; into < stop;) memory[into++] = bytes[source++]!;
    left -= count;
    skip = 0;
  }
  return length - left;
}

/** Writes zeros from number `from` on. */
export function wipe(
  requests: CryptoRequests,
  side: SegmentColumns,
  row: number,
  from: number,
  length: number,
) {
  let skip = from, left = length;
  for (let i = row * MOST_SEGMENTS, end = i + side.count[row]!; i < end && left > 0; i++) {
    const size = side.length[i]!;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const start = side.offset[i]! + skip, count = Math.min(size - skip, left);
    requests.memory[side.region[i]!]!.fill(0, start, start + count);
    left -= count;
    skip = 0;
  }
}

/** Index of the segment that has number `from` and `length` bytes from there on in one piece; -1 where none has. */
export function pieceOf(side: SegmentColumns, row: number, from: number, length: number): number {
  let skip = from;
  for (let i = row * MOST_SEGMENTS, end = i + side.count[row]!; i < end; i++) {
    const size = side.length[i]!;
    if (skip < size) return skip + length <= size ? i : -1;
    skip -= size;
  }
  return -1;
}

/** Where number `from` lies in the memory of its segment `piece`, the answer of `pieceOf`. */
export function placeIn(side: SegmentColumns, row: number, piece: number, from: number): number {
  let before = 0;
  for (let i = row * MOST_SEGMENTS; i < piece; i++) before += side.length[i]!;
  return side.offset[piece]! + from - before;
}

/** True where some byte is source and destination: begun again after a failure, such a request may read what it wrote. */
export function sharesMemory(requests: CryptoRequests, row: number): boolean {
  const { sources, destinations } = requests, first = row * MOST_SEGMENTS;
  for (let i = first, end = first + sources.count[row]!; i < end; i++) {
    const start = sources.offset[i]!, stop = start + sources.length[i]!;
    for (let j = first, last = first + destinations.count[row]!; j < last; j++) {
      if (sources.region[i] !== destinations.region[j]) continue;
      const other = destinations.offset[j]!;
      if (start < other + destinations.length[j]! && other < stop) return true;
    }
  }
  return false;
}
