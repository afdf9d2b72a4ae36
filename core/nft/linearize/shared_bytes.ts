import { type ByteOrder, bytesOf } from "../types.ts";
import { freshBytes } from "../byte_pool.ts";

/**
 * Constants that many rules have in common, made once: masks of prefixes, zeros, protocol numbers, ports. Expressions
 * are never written to, so rules may share them; a hundred thousand rules take half the memory and time for it.
 */
const masks = new Map<number, Uint8Array>();
const zeros = new Map<number, Uint8Array>();
const bytes: (Uint8Array | undefined)[] = [];
const ports: Readonly<Record<ByteOrder, (Uint8Array | undefined)[]>> = { big: [], host: [] };

/** Mask of the first `length` bits. */
export function sharedMask(bits: number, length: number, order: ByteOrder): Uint8Array {
  const key = (bits << 9) | (length << 1) | (order === "big" ? 1 : 0);
  let found = masks.get(key);
  if (found === undefined) masks.set(key, found = bytesOf(maskOf(bits, length), bits, order));
  return found;
}

const maskOf = (bits: number, length: number): bigint =>
  ((1n << BigInt(length)) - 1n) << BigInt(bits - length);

export function sharedZeros(length: number): Uint8Array {
  let found = zeros.get(length);
  if (found === undefined) zeros.set(length, found = freshBytes(length));
  return found;
}

/** Bytes of a value; those of one or two bytes are shared. */
export function sharedBytes(value: bigint, bits: number, order: ByteOrder): Uint8Array {
  if (bits > 16 || value >> BigInt(bits) !== 0n) return bytesOf(value, bits, order);
  const table = bits > 8 ? ports[order] : bytes;
  return table[Number(value)] ??= bytesOf(value, bits, order);
}
