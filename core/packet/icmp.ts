/** ICMP, RFC 792. Offsets from the start of the header. */
export const ICMP = {
  type: 0,
  code: 1,
  checksum: 2,
  identifier: 4,
  sequence: 6,
  mtu: 6,
  gateway: 4,
  size: 8,
} as const;

export const icmpFits = (at: number, end: number): boolean => at + ICMP.size <= end;

export const ICMP_ECHO_REPLY = 0;
export const ICMP_UNREACHABLE = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_REDIRECT = 5;
export const ICMP_ECHO_REQUEST = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETER_PROBLEM = 12;
export const ICMP_TIMESTAMP = 13;
export const ICMP_TIMESTAMP_REPLY = 14;
export const ICMP_INFO_REQUEST = 15;
export const ICMP_INFO_REPLY = 16;
export const ICMP_ADDRESS_MASK_REQUEST = 17;
export const ICMP_ADDRESS_MASK_REPLY = 18;

/** Codes of destination unreachable, RFC 792 and RFC 1812 5.2.7.1. */
export const UNREACHABLE_NET = 0;
export const UNREACHABLE_HOST = 1;
export const UNREACHABLE_PROTOCOL = 2;
export const UNREACHABLE_PORT = 3;
export const UNREACHABLE_FRAGMENTATION_NEEDED = 4;
export const UNREACHABLE_NET_PROHIBITED = 9;
export const UNREACHABLE_HOST_PROHIBITED = 10;
export const UNREACHABLE_ADMIN_PROHIBITED = 13;

/** Types that quote the packet they are about: never answered with another error (RFC 1122 3.2.2). */
export const isIcmpError = (type: number): boolean =>
  type === ICMP_UNREACHABLE || type === ICMP_SOURCE_QUENCH || type === ICMP_REDIRECT ||
  type === ICMP_TIME_EXCEEDED || type === ICMP_PARAMETER_PROBLEM;
