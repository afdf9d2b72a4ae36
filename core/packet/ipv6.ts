import { PROTOCOL_AH } from "./ipv4.ts";

/** IPv6, RFC 8200. Offsets from the start of the header. */
export const IPV6 = {
  versionClassFlow: 0,
  payloadLength: 4,
  nextHeader: 6,
  hopLimit: 7,
  source: 8,
  destination: 24,
  size: 40,
} as const;

export const ipv6Fits = (at: number, end: number): boolean => at + IPV6.size <= end;

export const NEXT_HOP_BY_HOP = 0;
export const NEXT_ROUTING = 43;
export const NEXT_FRAGMENT = 44;
export const NEXT_NONE = 59;
export const NEXT_DESTINATION = 60;
/** Fragment header: next header, reserved, offset and flags, identification. */
export const FRAGMENT6 = { nextHeader: 0, offsetFlags: 2, identification: 4, size: 8 } as const;

/** Headers that may stand before the transport's (ipv6_ext_hdr without NONE); a mobility header is a transport. */
export const isExtensionHeader = (next: number): boolean =>
  next === NEXT_HOP_BY_HOP || next === NEXT_ROUTING || next === NEXT_FRAGMENT || next === PROTOCOL_AH ||
  next === NEXT_DESTINATION;

/** Bytes of the extension header of type `next` at `at`; its first two bytes must be inside. */
export const extensionHeaderLength = (b: Uint8Array, at: number, next: number): number =>
  next === NEXT_FRAGMENT
    ? FRAGMENT6.size
    : next === PROTOCOL_AH
    ? (b[at + 1]! + 2) * 4
    : (b[at + 1]! + 1) * 8;

/** Smallest MTU every link must carry (RFC 8200 section 5). */
export const IPV6_MINIMUM_MTU = 1280;

/** fe80::/10, given the first word. */
export const isLinkLocal6 = (word: number): boolean => word >>> 22 === 0x3fa;
/** ff00::/8, given the first word. */
export const isMulticast6 = (word: number): boolean => word >>> 24 === 0xff;

/** True for `::` (words starting at `at`). */
export const isUnspecified6 = (words: ArrayLike<number>, at: number): boolean =>
  (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]!) === 0;
