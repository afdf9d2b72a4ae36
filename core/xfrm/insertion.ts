import { IPV4, ipv4HeaderLength } from "../packet/ipv4.ts";
import {
  extensionHeaderLength,
  IPV6,
  isExtensionHeader,
  NEXT_DESTINATION,
  NEXT_HOP_BY_HOP,
  NEXT_ROUTING,
} from "../packet/ipv6.ts";

/**
 * Where transport mode puts ESP into a packet, and where the number of the next header stands that it replaces: behind
 * the IPv4 header; behind the IPv6 header and the extension headers that routers on the way read (RFC 4303 3.1.1; kernel:
 * ip6_find_1stfragopt). Results are left in the two fields: no allocation.
 */
export class Insertion {
  /** Where ESP begins, absolute. */
  at = 0;
  /** Position of the next-header (IPv4: protocol) byte before it. */
  nextHeader = 0;

  /** False where headers do not fit. The packet is [network, end). */
  find(b: Uint8Array, network: number, end: number): boolean {
    if (b[network]! >>> 4 === 4) {
      this.at = network + ipv4HeaderLength(b, network);
      this.nextHeader = network + IPV4.protocol;
      return this.at <= end;
    }
    let at = network + IPV6.size, next = network + IPV6.nextHeader, routed = false;
    while (at + 8 <= end) {
      const type = b[next]!;
      if (type === NEXT_ROUTING) routed = true;
      else if (type !== NEXT_HOP_BY_HOP && (type !== NEXT_DESTINATION || routed)) break;
      const length = extensionHeaderLength(b, at, type);
      next = at;
      at += length;
    }
    this.at = at;
    this.nextHeader = next;
    return at <= end;
  }
}

/**
 * Position of the next-header byte that names the header at `at` of the packet at `network`; -1 where the chain of headers
 * does not lead there.
 */
export function namedAt(b: Uint8Array, network: number, at: number): number {
  if (b[network]! >>> 4 === 4) {
    return network + ipv4HeaderLength(b, network) === at ? network + IPV4.protocol : -1;
  }
  let next = network + IPV6.nextHeader, header = network + IPV6.size;
  while (header < at && isExtensionHeader(b[next]!)) {
    const length = extensionHeaderLength(b, header, b[next]!);
    next = header;
    header += length;
  }
  return header === at ? next : -1;
}
