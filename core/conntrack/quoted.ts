import { u16, u32 } from "../packet/bytes.ts";
import {
  IPV4,
  IPV4_OFFSET,
  ipv4Fits,
  ipv4HeaderLength,
  PROTOCOL_AH,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "../packet/ipv4.ts";
import {
  FRAGMENT6,
  IPV6,
  ipv6Fits,
  NEXT_DESTINATION,
  NEXT_FRAGMENT,
  NEXT_HOP_BY_HOP,
  NEXT_NONE,
  NEXT_ROUTING,
} from "../packet/ipv6.ts";
import { KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE, keyMeta } from "./key.ts";

/** Whether a protocol's flows are told apart by ports. */
export const hasPorts = (protocol: number): boolean =>
  protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP || protocol === PROTOCOL_UDPLITE ||
  protocol === PROTOCOL_SCTP;

/**
 * The packet an ICMP error quotes, which is cut off anywhere behind its first bytes: where its transport header
 * starts, 0 when there is none to read. Its own lengths and checksums are not believed (nf_ct_get_tuplepr).
 */
export function quotedTransport(b: Uint8Array, at: number, end: number, family: number): number {
  if (family === 4) {
    if (!ipv4Fits(at, end) || b[at]! >>> 4 !== 4) return 0;
    if ((u16(b, at + IPV4.flagsOffset) & IPV4_OFFSET) !== 0) return 0;
    const header = ipv4HeaderLength(b, at);
    return header < IPV4.size || at + header > end ? 0 : at + header;
  }
  if (!ipv6Fits(at, end) || b[at]! >>> 4 !== 6) return 0;
  let next = b[at + IPV6.nextHeader]!, header = at + IPV6.size;
  for (let depth = 0; depth < 8; depth++) {
    const extension = next === NEXT_HOP_BY_HOP || next === NEXT_ROUTING || next === NEXT_DESTINATION ||
      next === NEXT_FRAGMENT || next === PROTOCOL_AH;
    if (!extension) return next === NEXT_NONE || header > end ? 0 : header;
    if (header + 8 > end) return 0;
    if (next === NEXT_FRAGMENT && (u16(b, header + FRAGMENT6.offsetFlags) & 0xfff8) !== 0) return 0;
    const length = next === NEXT_FRAGMENT
      ? FRAGMENT6.size
      : next === PROTOCOL_AH
      ? (b[header + 1]! + 2) * 4
      : (b[header + 1]! + 1) * 8;
    next = b[header]!;
    header += length;
  }
  return 0;
}

/** Transport protocol of a quoted packet whose `quotedTransport` is not 0. */
export function quotedProtocol(b: Uint8Array, at: number, family: number): number {
  if (family === 4) return b[at + IPV4.protocol]!;
  let next = b[at + IPV6.nextHeader]!, header = at + IPV6.size;
  for (;;) {
    switch (next) {
      case NEXT_HOP_BY_HOP:
      case NEXT_ROUTING:
      case NEXT_DESTINATION:
        next = b[header]!;
        header += (b[header + 1]! + 1) * 8;
        continue;
      case NEXT_FRAGMENT:
        next = b[header]!;
        header += FRAGMENT6.size;
        continue;
      case PROTOCOL_AH:
        next = b[header]!;
        header += (b[header + 1]! + 2) * 4;
        continue;
    }
    return next;
  }
}

/** Writes the quoted packet's key; false when too little of it is there. */
export function quotedKey(
  key: Uint32Array,
  b: Uint8Array,
  at: number,
  end: number,
  family: number,
  zone: number,
): boolean {
  const transport = quotedTransport(b, at, end, family);
  if (transport === 0) return false;
  const protocol = quotedProtocol(b, at, family);
  const words = family === 4 ? 1 : 4;
  const source = at + (family === 4 ? IPV4.source : IPV6.source);
  const destination = at + (family === 4 ? IPV4.destination : IPV6.destination);
  for (let i = 0; i < 4; i++) {
    key[KEY_SOURCE + i] = i < words ? u32(b, source + 4 * i) : 0;
    key[KEY_DESTINATION + i] = i < words ? u32(b, destination + 4 * i) : 0;
  }
  key[KEY_META] = keyMeta(protocol, family, zone);
  key[KEY_PORTS] = 0;
  if (protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6) {
    if (transport + 8 > end) return false;
    key[KEY_PORTS] = (u16(b, transport + 4) << 16) | u16(b, transport);
  } else if (hasPorts(protocol)) {
    if (transport + 4 > end) return false;
    key[KEY_PORTS] = u32(b, transport);
  }
  return true;
}
