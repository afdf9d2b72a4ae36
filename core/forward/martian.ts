import { isUnspecified6 } from "../packet/ipv6.ts";

/**
 * Addresses that cannot be (RFC 1812 5.3.7, RFC 4291 2.5, the kernel's ip_route_input "martian" checks).
 * Words are the four host-order ones of a row's source and destination.
 */
export const MARTIAN_NONE = 0;
export const MARTIAN_SOURCE = 1;
export const MARTIAN_DESTINATION = 2;

export function martian(family: number, words: Uint32Array, to: Uint32Array, lane: number): number {
  return family === 4 ? martian4(words[lane]!, to[lane]!) : martian6(words, to, lane);
}

function martian4(source: number, destination: number): number {
  const from = source >>> 24, to = destination >>> 24;
  if (from >= 224 || from === 127 || (from === 0 && source !== 0)) return MARTIAN_SOURCE;
  // 0.0.0.0 may only speak to everybody: a host that has no address yet
  if (source === 0 && destination !== 0xffffffff && destination >>> 28 !== 14) return MARTIAN_SOURCE;
  if (to === 127 || to === 0 || (to >= 240 && destination !== 0xffffffff)) return MARTIAN_DESTINATION;
  return MARTIAN_NONE;
}

function martian6(words: Uint32Array, to: Uint32Array, lane: number): number {
  if (words[lane]! >>> 24 === 0xff || isLoopback6(words, lane) || isMapped6(words, lane)) {
    return MARTIAN_SOURCE;
  }
  // the unspecified source speaks only to link-local multicast (duplicate detection, solicitations)
  if (isUnspecified6(words, lane) && to[lane]! >>> 16 !== 0xff02) return MARTIAN_SOURCE;
  if (isLoopback6(to, lane) || isUnspecified6(to, lane)) return MARTIAN_DESTINATION;
  // interface-local multicast never crosses a wire (RFC 4291 2.7)
  if (to[lane]! >>> 16 === 0xff01 || to[lane]! >>> 16 === 0xff00) return MARTIAN_DESTINATION;
  return MARTIAN_NONE;
}

/** ::ffff:0:0/96 stands for IPv4 in sockets, never in a packet: it would pass rules meant for IPv6 (ip6_rcv_core). */
const isMapped6 = (w: Uint32Array, at: number): boolean =>
  (w[at]! | w[at + 1]!) === 0 && w[at + 2] === 0xffff;

const isLoopback6 = (w: Uint32Array, at: number): boolean =>
  (w[at]! | w[at + 1]! | w[at + 2]!) === 0 && w[at + 3] === 1;
