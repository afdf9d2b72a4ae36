import { u16 } from "./bytes.ts";
import { wordsOf } from "./copy.ts";

/** Internet checksum, RFC 1071. Partial sums are unfolded host-order numbers of big-endian 16-bit words. */

/** Adds the 16-bit words of [from, to) to `sum`; an odd last byte counts as the high half. Up to 128 KB a call. */
export function sum(b: Uint8Array, from: number, to: number, start = 0): number {
  return to - from < WIDE || (from & 1) !== 0 ? narrow(b, from, to, start) : wide(b, from, to, start);
}

function narrow(b: Uint8Array, from: number, to: number, start: number): number {
  let total = start;
  const even = to - ((to - from) & 1);
  for (let at = from; at < even; at += 2) total += (b[at]! << 8) | b[at + 1]!;
  if (even !== to) total += b[even]! << 8;
  return total;
}

/** By 32-bit words: a sum in one's complement means the same in either byte order, swapped at the end (RFC 1071 2 B). */
function wide(b: Uint8Array, from: number, to: number, start: number): number {
  const words = wordsOfRegion(b);
  if (words === undefined) return narrow(b, from, to, start);
  let at = from >>> 2, total = start, swapped = 0;
  if ((from & 2) !== 0) {
    total += (b[from]! << 8) | b[from + 1]!;
    at++;
  }
  const end = to >>> 2;
  for (; at + 3 < end; at += 4) swapped += words[at]! + words[at + 1]! + words[at + 2]! + words[at + 3]!;
  for (; at < end; at++) swapped += words[at]!;
  const high = Math.floor(swapped / 0x1_0000_0000), folded = fold((swapped - high * 0x1_0000_0000) + high);
  total += ((folded & 0xff) << 8) | (folded >>> 8);
  return narrow(b, at << 2, to, total);
}

/** The words of the two buffers asked for last: packets lie in a few regions. */
let recent: Uint8Array | undefined, before: Uint8Array | undefined;
let recentWords: Uint32Array | undefined, beforeWords: Uint32Array | undefined;

function wordsOfRegion(b: Uint8Array): Uint32Array | undefined {
  if (b === recent) return recentWords;
  const words = b === before ? beforeWords : LITTLE_ENDIAN ? wordsOf(b) : undefined;
  before = recent;
  beforeWords = recentWords;
  recent = b;
  recentWords = words;
  return words;
}

/** Bytes from which on words pay. */
const WIDE = 64;
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Folds a partial sum below 2^33 to 16 bits; only a sum of zero gives zero. */
export function fold(total: number): number {
  // 2^32 is 1 in one's complement arithmetic, so 2^32 - 1 is nothing
  const t = total > 0xffffffff ? total - 0xffffffff : total;
  const once = (t & 0xffff) + (t >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** The checksum to store for a partial sum. */
export const finish = (total: number): number => ~fold(total) & 0xffff;

/** Pseudo-header sum of RFC 793 (IPv4) or RFC 8200 8.1 (IPv6): addresses read at `network`, length in bytes. */
export function pseudo(
  b: Uint8Array,
  network: number,
  family: number,
  protocol: number,
  length: number,
): number {
  const at = family === 4 ? network + 12 : network + 8;
  return sum(b, at, at + (family === 4 ? 8 : 32), protocol + (length >>> 16) + (length & 0xffff));
}

/** Checksum after a 16-bit word changed from `before` to `after` (RFC 1624 eqn. 3). */
export function update16(checksum: number, before: number, after: number): number {
  return ~fold((~checksum & 0xffff) + (~before & 0xffff) + after) & 0xffff;
}

/** Checksum after a 32-bit word changed. */
export function update32(checksum: number, before: number, after: number): number {
  return ~fold(
    (~checksum & 0xffff) + (~(before >>> 16) & 0xffff) + (~before & 0xffff) + (after >>> 16) +
      (after & 0xffff),
  ) & 0xffff;
}

/** True when the IPv4 header at `at` (header length in bytes given) sums to zero. */
export const ipv4HeaderValid = (b: Uint8Array, at: number, length: number): boolean =>
  fold(sum(b, at, at + length)) === 0xffff;

/** True when the transport checksum over [from, to) with the given pseudo-header sum is right. */
export const transportValid = (b: Uint8Array, from: number, to: number, pseudoSum: number): boolean =>
  fold(sum(b, from, to, pseudoSum)) === 0xffff;

/** Reads the checksum field at `at`. */
export const read = u16;
