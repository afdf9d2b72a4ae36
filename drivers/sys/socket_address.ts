import type { Address, Prefix } from "../../core/packet/address.ts";

/** Addresses as the kernel's structures hold them: network order, 4 or 16 bytes, AF_* numbers. */
export function addressBytes(address: Address): Uint8Array {
  const count = address.family === 4 ? 1 : 4, b = new Uint8Array(4 * count), view = new DataView(b.buffer);
  for (let i = 0; i < count; i++) view.setUint32(4 * i, address.words[i]!);
  return b;
}

/** The prefix in a kernel's address of `family` (AF_*); undefined for another family or a wrong length. */
export function prefixFrom(family: number, b: Uint8Array, length: number): Prefix | undefined {
  const view = new DataView(b.buffer, b.byteOffset, b.length);
  if (family === AF_INET && b.length === 4) {
    return { family: 4, words: [view.getUint32(0), 0, 0, 0], length };
  }
  if (family !== AF_INET6 || b.length !== 16) return undefined;
  const word = (i: number) => view.getUint32(4 * i);
  return { family: 6, words: [word(0), word(1), word(2), word(3)], length };
}

export const familyNumber = (family: 4 | 6): number => family === 4 ? AF_INET : AF_INET6;

export const AF_INET = 2, AF_INET6 = 10;
