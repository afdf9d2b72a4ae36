/** IPv4, RFC 791. Offsets from the start of the header. */
export const IPV4 = {
  versionLength: 0,
  tos: 1,
  totalLength: 2,
  identification: 4,
  flagsOffset: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
  size: 20,
} as const;

/** True when the fixed header is inside; options need `ipv4HeaderLength` within `end` as well. */
export const ipv4Fits = (at: number, end: number): boolean => at + IPV4.size <= end;

/** Header length in bytes, 0..60. */
export const ipv4HeaderLength = (b: Uint8Array, at: number): number => (b[at]! & 0x0f) << 2;

export const IPV4_DONT_FRAGMENT = 0x4000;
export const IPV4_MORE_FRAGMENTS = 0x2000;
/** Mask of the fragment offset, in units of 8 bytes. */
export const IPV4_OFFSET = 0x1fff;
/** Smallest MTU every link must carry (RFC 791). */
export const IPV4_MINIMUM_MTU = 68;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_IGMP = 2;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_DCCP = 33;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_ESP = 50;
export const PROTOCOL_AH = 51;
export const PROTOCOL_ICMPV6 = 58;
export const PROTOCOL_SCTP = 132;
export const PROTOCOL_UDPLITE = 136;

export const isMulticast4 = (address: number): boolean => address >>> 28 === 14;
export const isLoopback4 = (address: number): boolean => address >>> 24 === 127;
