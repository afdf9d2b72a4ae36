import { type CryptoRequests, MOST_SEGMENTS, type SegmentColumns } from "../../core/crypto/requests.ts";

/** Walks over the segments of requests, for devices that want their bytes in one piece. */

/** Copies the first `most` bytes of a row's segments to `to`; false when they are fewer. */
export function gather(
  { memory }: CryptoRequests,
  segments: SegmentColumns,
  row: number,
  most: number,
  to: Uint8Array,
): boolean {
  let left = most, done = 0;
  for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
    const offset = segments.offset[at]!, length = Math.min(left, segments.length[at]!);
    to.set(memory[segments.region[at]!]!.subarray(offset, offset + length), done);
    done += length;
    left -= length;
  }
  return left === 0;
}

/** Copies `most` bytes of `from` over a row's segments; what does not fit stays away. */
export function scatter(
  { memory }: CryptoRequests,
  segments: SegmentColumns,
  row: number,
  most: number,
  from: Uint8Array,
): void {
  let left = most, done = 0;
  for (let at = row * MOST_SEGMENTS, end = at + segments.count[row]!; at < end && left > 0; at++) {
    const length = Math.min(left, segments.length[at]!);
    memory[segments.region[at]!]!.set(from.subarray(done, done + length), segments.offset[at]!);
    done += length;
    left -= length;
  }
}

/** Whether `most` bytes lie in the row's first segment. */
export const inOnePiece = (segments: SegmentColumns, row: number, most: number): boolean =>
  segments.count[row]! > 0 && segments.length[row * MOST_SEGMENTS]! >= most;
