import {
  ICMP_ADDRESS_MASK_REPLY,
  ICMP_ADDRESS_MASK_REQUEST,
  ICMP_ECHO_REPLY,
  ICMP_ECHO_REQUEST,
  ICMP_INFO_REPLY,
  ICMP_INFO_REQUEST,
  ICMP_TIMESTAMP,
  ICMP_TIMESTAMP_REPLY,
} from "../packet/icmp.ts";
import { ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST } from "../packet/icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";

/**
 * A flow key (the kernel's nf_conntrack_tuple) as ten words of a Uint32Array, host order:
 *
 *   0..3 source address   4..7 destination address (IPv4 in the first word, the others 0)
 *   8    source port << 16 | destination port. ICMP: identifier << 16 | type << 8 | code. GRE: the two call
 *        ids. Protocols without ports: 0.
 *   9    protocol | family << 8 | zone << 16
 */
export const KEY_SOURCE = 0;
export const KEY_DESTINATION = 4;
export const KEY_PORTS = 8;
export const KEY_META = 9;
export const KEY_WORDS = 10;

export const keyMeta = (protocol: number, family: number, zone: number): number =>
  (protocol | (family << 8) | (zone << 16)) >>> 0;

export const newKey = (): Uint32Array => new Uint32Array(KEY_WORDS);

/** Type of the answer to an ICMP query; -1 for what opens no flow (an answer itself is inverted, too). */
export function inverseIcmpType(protocol: number, type: number): number {
  if (protocol === PROTOCOL_ICMP) {
    switch (type) {
      case ICMP_ECHO_REQUEST:
        return ICMP_ECHO_REPLY;
      case ICMP_ECHO_REPLY:
        return ICMP_ECHO_REQUEST;
      case ICMP_TIMESTAMP:
        return ICMP_TIMESTAMP_REPLY;
      case ICMP_TIMESTAMP_REPLY:
        return ICMP_TIMESTAMP;
      case ICMP_INFO_REQUEST:
        return ICMP_INFO_REPLY;
      case ICMP_INFO_REPLY:
        return ICMP_INFO_REQUEST;
      case ICMP_ADDRESS_MASK_REQUEST:
        return ICMP_ADDRESS_MASK_REPLY;
      case ICMP_ADDRESS_MASK_REPLY:
        return ICMP_ADDRESS_MASK_REQUEST;
    }
    return -1;
  }
  switch (type) {
    case ICMPV6_ECHO_REQUEST:
      return ICMPV6_ECHO_REPLY;
    case ICMPV6_ECHO_REPLY:
      return ICMPV6_ECHO_REQUEST;
    case ICMPV6_NI_QUERY:
      return ICMPV6_NI_REPLY;
    case ICMPV6_NI_REPLY:
      return ICMPV6_NI_QUERY;
  }
  return -1;
}

/** Node information query and reply, RFC 4620. */
export const ICMPV6_NI_QUERY = 139;
const ICMPV6_NI_REPLY = 140;

/** Writes the key of the answering direction to `to` (not `from` itself). False when there is none (ICMP). */
export function invertKey(to: Uint32Array, from: Uint32Array): boolean {
  for (let i = 0; i < 4; i++) {
    to[KEY_SOURCE + i] = from[KEY_DESTINATION + i]!;
    to[KEY_DESTINATION + i] = from[KEY_SOURCE + i]!;
  }
  const ports = from[KEY_PORTS]!, meta = from[KEY_META]!, protocol = meta & 0xff;
  to[KEY_META] = meta;
  if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
    const type = inverseIcmpType(protocol, (ports >>> 8) & 0xff);
    if (type < 0) return false;
    to[KEY_PORTS] = (ports & 0xffff00ff) | (type << 8);
  } else {
    to[KEY_PORTS] = (ports << 16) | (ports >>> 16);
  }
  return true;
}

/**
 * HalfSipHash-1-3 of a key under a random 64-bit secret: nobody outside can aim at one chain of the index.
 * IPv4 keys hash four words, IPv6 keys ten. Secrets and result are signed: a number from 2^31 on would be boxed.
 */
export function hashKey(key: Uint32Array, secret0: number, secret1: number): number {
  let v0 = secret0 | 0, v1 = secret1 | 0, v2 = secret0 ^ 0x6c796765, v3 = secret1 ^ 0x74656462;
  const step = ((key[KEY_META]! >>> 8) & 0xff) === 4 ? 4 : 1;
  for (let i = 0; i < KEY_WORDS; i += i < KEY_PORTS ? step : 1) {
    const word = key[i]! | 0;
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let i = 0; i < 3; i++) {
    v0 = (v0 + v1) | 0;
    v1 = (v1 << 5) | (v1 >>> 27);
    v1 ^= v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = (v3 << 8) | (v3 >>> 24);
    v3 ^= v2;
    v0 = (v0 + v3) | 0;
    v3 = (v3 << 7) | (v3 >>> 25);
    v3 ^= v0;
    v2 = (v2 + v1) | 0;
    v1 = (v1 << 13) | (v1 >>> 19);
    v1 ^= v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
