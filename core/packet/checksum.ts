import { u16 } from "./bytes.ts";

/** Internet checksum, RFC 1071. Partial sums are unfolded host-order numbers of big-endian 16-bit words. */

/** Adds the 16-bit words of [from, to) to `sum`; an odd last byte counts as the high half. Up to 128 KB a call. */
export function sum(b: Uint8Array, from: number, to: number, start = 0): number {
  let total = start;
  const even = to - ((to - from) & 1);
  for (let at = from; at < even; at += 2) total += (b[at]! << 8) | b[at + 1]!;
  if (even !== to) total += b[even]! << 8;
  return total;
}

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
