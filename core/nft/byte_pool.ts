/**
 * Short byte strings, many to a buffer: one of its own costs a rule twice the memory and ten times the time. They are
 * parts of a larger buffer, so what takes a `.buffer` must copy first. Zero when handed out, never taken back: a buffer
 * goes when nobody has a part of it any more.
 */
const CHUNK = 4096;
const LONGEST = 64;
let chunk = new Uint8Array(CHUNK);
let used = 0;

/** `length` zero bytes to be filled by the caller. */
export function freshBytes(length: number): Uint8Array {
  if (length > LONGEST) return new Uint8Array(length);
  if (used + length > CHUNK) {
    chunk = new Uint8Array(CHUNK);
    used = 0;
  }
  const from = used;
  used += length;
  return chunk.subarray(from, used);
}
