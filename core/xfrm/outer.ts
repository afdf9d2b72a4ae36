import { setU16, setU32, u32 } from "../packet/bytes.ts";
import { finish, sum } from "../packet/checksum.ts";
import { IPV4, IPV4_DONT_FRAGMENT } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import type { State } from "./state.ts";

/** Outer headers of tunnel mode (RFC 4301 5.1.2; kernel: xfrm4_tunnel_encap_add, xfrm6_tunnel_encap_add). */

export const ECN_MASK = 3;
export const ECN_CE = 3;
const ECN_ECT0 = 2;

/** Type of service or traffic class of the IP packet at `at`. */
export const trafficClass = (b: Uint8Array, at: number): number =>
  b[at]! >>> 4 === 4 ? b[at + IPV4.tos]! : ((b[at]! << 4) | (b[at + 1]! >>> 4)) & 0xff;

/** Traffic class outside: DSCP and ECN as inside, but congestion met before counts inside only (RFC 3168 9.1.1). */
export function outerClass(state: State, inner: number): number {
  const ecn = state.noEcn ? 0 : (inner & ECN_MASK) === ECN_CE ? ECN_ECT0 : inner & ECN_MASK;
  return (state.encapDscp ? inner & ~ECN_MASK : 0) | ecn;
}

/** Whether a packet round the one at `at` must not be fragmented: one round IPv6 never, unless told. */
export function outerDontFragment(state: State, b: Uint8Array, at: number): boolean {
  if (state.df !== "copy") return state.df === "set";
  return b[at]! >>> 4 === 6 || (b[at + IPV4.flagsOffset]! & (IPV4_DONT_FRAGMENT >>> 8)) !== 0;
}

/** Writes the IPv4 header of `length` bytes of packet at `at`, whose inner packet lies at `inner` of the same bytes. */
export function writeOuter4(
  state: State,
  b: Uint8Array,
  at: number,
  length: number,
  protocol: number,
  inner: number,
): void {
  const dontFragment = outerDontFragment(state, b, inner);
  b[at] = 0x45;
  b[at + IPV4.tos] = outerClass(state, trafficClass(b, inner));
  setU16(b, at + IPV4.totalLength, length);
  setU16(b, at + IPV4.identification, state.identification++ & 0xffff);
  setU16(b, at + IPV4.flagsOffset, dontFragment ? IPV4_DONT_FRAGMENT : 0);
  b[at + IPV4.ttl] = HOP_LIMIT;
  b[at + IPV4.protocol] = protocol;
  setU16(b, at + IPV4.checksum, 0);
  setU32(b, at + IPV4.source, state.source[0]!);
  setU32(b, at + IPV4.destination, state.destination[0]!);
  setU16(b, at + IPV4.checksum, finish(sum(b, at, at + IPV4.size)));
}

/** The same for IPv6; the flow label of an IPv6 packet inside goes outside too. */
export function writeOuter6(
  state: State,
  b: Uint8Array,
  at: number,
  length: number,
  protocol: number,
  inner: number,
): void {
  const label = b[inner]! >>> 4 === 6 ? u32(b, inner) & 0xfffff : 0;
  setU32(b, at, ((6 << 28) | (outerClass(state, trafficClass(b, inner)) << 20) | label) >>> 0);
  setU16(b, at + IPV6.payloadLength, length - IPV6.size);
  b[at + IPV6.nextHeader] = protocol;
  b[at + IPV6.hopLimit] = HOP_LIMIT;
  for (let i = 0; i < 4; i++) {
    setU32(b, at + IPV6.source + 4 * i, state.source[i]!);
    setU32(b, at + IPV6.destination + 4 * i, state.destination[i]!);
  }
}

/** Sets the traffic class of the packet at `at`, and its checksum where there is one. */
export function setTrafficClass(b: Uint8Array, at: number, value: number): void {
  if (b[at]! >>> 4 === 4) {
    b[at + IPV4.tos] = value;
    setU16(b, at + IPV4.checksum, 0);
    setU16(b, at + IPV4.checksum, finish(sum(b, at, at + ((b[at]! & 15) << 2))));
  } else {
    b[at] = 0x60 | (value >>> 4);
    b[at + 1] = (b[at + 1]! & 0x0f) | ((value & 15) << 4);
  }
}

/** Default hop limit of packets made here (ip_default_ttl). */
export const HOP_LIMIT = 64;
