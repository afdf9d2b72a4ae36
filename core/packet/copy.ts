/**
 * Copies `length` bytes between buffers by whole words, without a view that would be garbage a moment later. Positions
 * are in bytes and leave the same rest by 4 (`sameRest`); up to three bytes on either side of the copy are written over
 * with what lies there in `from`.
 */
export function copyWords(
  to: Uint32Array,
  at: number,
  from: Uint32Array,
  start: number,
  length: number,
): void {
  let target = at >>> 2, source = start >>> 2;
  const end = (start + length + 3) >>> 2, fours = end - 3;
  for (; source < fours; source += 4, target += 4) {
    to[target] = from[source]!;
    to[target + 1] = from[source + 1]!;
    to[target + 2] = from[source + 2]!;
    to[target + 3] = from[source + 3]!;
  }
  for (; source < end; source++, target++) to[target] = from[source]!;
}

/** How many bytes further `at` leaves the same rest by 4 as `start`: 0..3. */
export const sameRest = (at: number, start: number): number => (start - at) & 3;

/** The words of a buffer's bytes; undefined where they do not begin and end at one. */
export const wordsOf = (bytes: Uint8Array): Uint32Array | undefined =>
  (bytes.byteOffset | bytes.length) % 4 === 0
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
    : undefined;
