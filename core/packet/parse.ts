import type { PacketBatch } from "./batch.ts";
import { u16, u32 } from "./bytes.ts";
import { ipv4HeaderValid } from "./checksum.ts";
import { FRAGMENT_ANY, FRAGMENT_LATER } from "./columns.ts";
import { ICMP, icmpFits } from "./icmp.ts";
import {
  IPV4,
  IPV4_MORE_FRAGMENTS,
  IPV4_OFFSET,
  ipv4Fits,
  ipv4HeaderLength,
  PROTOCOL_DCCP,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  PROTOCOL_SCTP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  PROTOCOL_UDPLITE,
} from "./ipv4.ts";
import {
  extensionHeaderLength,
  FRAGMENT6,
  IPV6,
  ipv6Fits,
  isExtensionHeader,
  NEXT_FRAGMENT,
} from "./ipv6.ts";
import { tcpFits, tcpHeaderLength } from "./tcp.ts";
import { udpFits } from "./udp.ts";

/**
 * IP parsing: checks a packet's headers once and fills the row. After PARSE_OK every header named by the row is
 * inside [start, end), `end` is cut to the IP length, and accessors of those headers need no further check.
 * `network` must be set. A transport header that is truncated gives PARSE_OK with `transport` 0: the packet may
 * be forwarded, but nobody reads ports from it (the kernel does the same).
 */
export function parseIp(batch: PacketBatch, row: number): number {
  const b = batch.bytes(row), at = batch.network[row]!, end = batch.end[row]!;
  if (at >= end) return PARSE_TRUNCATED;
  const version = b[at]! >>> 4;
  if (version === 4) return parseIpv4(batch, row, b, at, end);
  if (version === 6) return parseIpv6(batch, row, b, at, end);
  return PARSE_VERSION;
}

function parseIpv4(batch: PacketBatch, row: number, b: Uint8Array, at: number, end: number): number {
  if (!ipv4Fits(at, end)) return PARSE_TRUNCATED;
  const header = ipv4HeaderLength(b, at), total = u16(b, at + IPV4.totalLength);
  if (header < IPV4.size || total < header) return PARSE_LENGTH;
  if (at + total > end) return PARSE_TRUNCATED;
  // Always, whatever a device says of the transport checksum (RFC 1812 5.2.2, ip_rcv_core).
  if (!ipv4HeaderValid(b, at, header)) return PARSE_CHECKSUM;
  batch.end[row] = at + total;
  batch.family[row] = 4;
  const lane = row * 4;
  batch.source[lane] = u32(b, at + IPV4.source);
  batch.destination[lane] = u32(b, at + IPV4.destination);
  batch.source[lane + 1] = batch.source[lane + 2] = batch.source[lane + 3] = 0;
  batch.destination[lane + 1] = batch.destination[lane + 2] = batch.destination[lane + 3] = 0;
  const position = u16(b, at + IPV4.flagsOffset);
  const later = (position & IPV4_OFFSET) !== 0;
  batch.fragment[row] = later
    ? FRAGMENT_ANY | FRAGMENT_LATER
    : (position & IPV4_MORE_FRAGMENTS) !== 0
    ? FRAGMENT_ANY
    : 0;
  parseTransport(batch, row, b, b[at + IPV4.protocol]!, later ? 0 : at + header, at + total);
  return PARSE_OK;
}

function parseIpv6(batch: PacketBatch, row: number, b: Uint8Array, at: number, end: number): number {
  if (!ipv6Fits(at, end)) return PARSE_TRUNCATED;
  const stop = at + IPV6.size + u16(b, at + IPV6.payloadLength);
  if (stop > end) return PARSE_TRUNCATED;
  batch.end[row] = stop;
  batch.family[row] = 6;
  const lane = row * 4;
  for (let i = 0; i < 4; i++) {
    batch.source[lane + i] = u32(b, at + IPV6.source + 4 * i);
    batch.destination[lane + i] = u32(b, at + IPV6.destination + 4 * i);
  }
  batch.fragment[row] = 0;
  let next = b[at + IPV6.nextHeader]!, header = at + IPV6.size;
  for (let depth = 0; isExtensionHeader(next); depth++) {
    if (depth === MOST_EXTENSION_HEADERS || header + 8 > stop) return PARSE_TRUNCATED;
    if (next === NEXT_FRAGMENT) {
      const position = u16(b, header + FRAGMENT6.offsetFlags);
      // An atomic one (RFC 6946) counts too: reassembly takes its header off.
      batch.fragment[row] = FRAGMENT_ANY;
      if ((position & 0xfff8) !== 0) {
        batch.fragment[row] = FRAGMENT_ANY | FRAGMENT_LATER;
        parseTransport(batch, row, b, b[header]!, 0, stop);
        return PARSE_OK;
      }
      next = b[header]!;
      header += FRAGMENT6.size;
      continue;
    }
    const length = extensionHeaderLength(b, header, next);
    next = b[header]!;
    header += length;
    if (header > stop) return PARSE_TRUNCATED;
  }
  parseTransport(batch, row, b, next, header, stop);
  return PARSE_OK;
}

/** Sets protocol, transport position and ports; `at` is 0 where there is no transport header to read. */
function parseTransport(
  batch: PacketBatch,
  row: number,
  b: Uint8Array,
  protocol: number,
  at: number,
  end: number,
): void {
  batch.protocol[row] = protocol;
  batch.transport[row] = 0;
  batch.sourcePort[row] = batch.destinationPort[row] = 0;
  if (at === 0) return;
  switch (protocol) {
    case PROTOCOL_TCP:
      if (!tcpFits(at, end) || tcpHeaderLength(b, at) < 20 || at + tcpHeaderLength(b, at) > end) return;
      break;
    case PROTOCOL_UDP:
    case PROTOCOL_UDPLITE:
      if (!udpFits(at, end)) return;
      break;
    case PROTOCOL_SCTP:
    case PROTOCOL_DCCP:
      if (at + 12 > end) return;
      break;
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
      if (!icmpFits(at, end)) return;
      batch.transport[row] = at;
      batch.sourcePort[row] = u16(b, at + ICMP.identifier);
      batch.destinationPort[row] = u16(b, at + ICMP.type);
      return;
    default:
      batch.transport[row] = at;
      return;
  }
  batch.transport[row] = at;
  batch.sourcePort[row] = u16(b, at);
  batch.destinationPort[row] = u16(b, at + 2);
}

export const PARSE_OK = 0;
/** Shorter than a header or its length field says. */
export const PARSE_TRUNCATED = 1;
/** A length field contradicts the header. */
export const PARSE_LENGTH = 2;
export const PARSE_CHECKSUM = 3;
/** Neither version 4 nor 6, or not the one the EtherType said. */
export const PARSE_VERSION = 4;

/** Chains longer than this are an attack (RFC 8504 5.3 lets a node limit them). */
const MOST_EXTENSION_HEADERS = 8;
