import { isMulticast6 } from "../../packet/ipv6.ts";

/** Well-known IPv6 multicast groups and how group addresses are made. Words are host order. */

export const ALL_NODES = Uint32Array.of(0xff020000, 0, 0, 1);
export const ALL_ROUTERS = Uint32Array.of(0xff020000, 0, 0, 2);
export const ALL_ROUTERS_SITE = Uint32Array.of(0xff050000, 0, 0, 2);
export const ALL_NODES_INTERFACE = Uint32Array.of(0xff010000, 0, 0, 1);
export const ALL_ROUTERS_INTERFACE = Uint32Array.of(0xff010000, 0, 0, 2);
/** Where MLDv2 reports go, RFC 3810 5.2.14. */
export const ALL_MLDV2_ROUTERS = Uint32Array.of(0xff020000, 0, 0, 0x16);
export const UNSPECIFIED = new Uint32Array(4);

/** First 24 bits of 224.0.0.0/24, RFC 5771 section 4. */
export const LOCAL_NETWORK_CONTROL = 0xe00000;

/** Writes the solicited-node group of the address at `words[lane]` (RFC 4291 2.7.1) to `out`. */
export function solicitedNode(words: ArrayLike<number>, lane: number, out: Uint32Array): Uint32Array {
  out[0] = 0xff020000;
  out[1] = 0;
  out[2] = 1;
  out[3] = 0xff000000 | (words[lane + 3]! & 0xffffff);
  return out;
}

/** Whether `words[lane]` is the solicited-node group of the address at `address[at]`. */
export const isSolicitedNodeOf = (
  words: ArrayLike<number>,
  lane: number,
  address: ArrayLike<number>,
  at: number,
): boolean =>
  words[lane] === 0xff020000 && words[lane + 1] === 0 && words[lane + 2] === 1 &&
  words[lane + 3] === ((0xff000000 | (address[at + 3]! & 0xffffff)) >>> 0);

/** Scope of a multicast address, RFC 4291 2.7: 1 interface, 2 link, 5 site, 14 global. */
export const multicastScope = (word: number): number => isMulticast6(word) ? (word >>> 16) & 15 : 0;
