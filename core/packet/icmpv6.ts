/** ICMPv6, RFC 4443; neighbour discovery bodies, RFC 4861. Offsets from the start of the ICMPv6 header. */
export const ICMPV6 = {
  type: 0,
  code: 1,
  checksum: 2,
  body: 4,
  identifier: 4,
  sequence: 6,
  mtu: 4,
  size: 8,
} as const;

/** Neighbour solicitation and advertisement: target after the reserved/flags word, then options. */
export const NEIGHBOUR = { flags: 4, target: 8, options: 24 } as const;
export const ROUTER_SOLICITATION = { options: 8 } as const;
export const ROUTER_ADVERTISEMENT = {
  hopLimit: 4,
  flags: 5,
  lifetime: 6,
  reachable: 8,
  retransmit: 12,
  options: 16,
} as const;

export const icmpv6Fits = (at: number, end: number): boolean => at + ICMPV6.size <= end;

export const ICMPV6_UNREACHABLE = 1;
export const ICMPV6_PACKET_TOO_BIG = 2;
export const ICMPV6_TIME_EXCEEDED = 3;
export const ICMPV6_PARAMETER_PROBLEM = 4;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;
export const ICMPV6_MLD_QUERY = 130;
export const ICMPV6_MLD_REPORT = 131;
export const ICMPV6_MLD_DONE = 132;
export const ICMPV6_ROUTER_SOLICIT = 133;
export const ICMPV6_ROUTER_ADVERT = 134;
export const ICMPV6_NEIGHBOUR_SOLICIT = 135;
export const ICMPV6_NEIGHBOUR_ADVERT = 136;
export const ICMPV6_REDIRECT = 137;
export const ICMPV6_MLD2_REPORT = 143;

/** Codes of destination unreachable, RFC 4443 3.1. */
export const UNREACHABLE6_NO_ROUTE = 0;
export const UNREACHABLE6_PROHIBITED = 1;
export const UNREACHABLE6_SCOPE = 2;
export const UNREACHABLE6_ADDRESS = 3;
export const UNREACHABLE6_PORT = 4;
export const UNREACHABLE6_POLICY = 5;
export const UNREACHABLE6_REJECT_ROUTE = 6;

/** Error messages have the high bit of the type clear (RFC 4443 2.1). */
export const isIcmpv6Error = (type: number): boolean => type < 128;
