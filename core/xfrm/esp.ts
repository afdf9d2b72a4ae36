/** ESP, RFC 4303 section 2. Offsets from the start of the header. */
export const ESP = { spi: 0, sequence: 4, size: 8 } as const;
/** Pad length and next header, behind the padding. */
export const TRAILER = { padLength: 0, nextHeader: 1, size: 2 } as const;

/** True when header and iv are inside. */
export const espFits = (at: number, end: number): boolean => at + ESP.size <= end;

/** RFC 4303 2.6: a packet that says nothing. */
export const NEXT_DUMMY = 59;
/** Next headers of tunnel mode: an IPv4 or an IPv6 packet. */
export const NEXT_IPV4 = 4;
export const NEXT_IPV6 = 41;

/** SPIs below are reserved (RFC 4303 2.1). */
export const SMALLEST_SPI = 256;

/** Multiple that text with padding and trailer has: the cipher's block, at least 4 (RFC 4303 2.4). */
export const textUnit = (blockSize: number): number => blockSize < 4 ? 4 : blockSize;

/** Padding bytes, 0..255, that follow `payload` bytes, without the trailer. `blockSize` is a power of two. */
export function paddingOf(payload: number, blockSize: number): number {
  const unit = textUnit(blockSize);
  return ((payload + TRAILER.size + unit - 1) & -unit) - payload - TRAILER.size;
}

/** Bytes of a whole ESP packet from its header to its ICV. */
export const espLength = (payload: number, ivSize: number, blockSize: number, icvSize: number): number =>
  ESP.size + ivSize + payload + paddingOf(payload, blockSize) + TRAILER.size + icvSize;

/** Writes padding 1, 2, 3, ... (RFC 4303 2.4) and the trailer at `at`; where they end. */
export function writeTrailer(b: Uint8Array, at: number, padding: number, nextHeader: number): number {
  for (let i = 1; i <= padding; i++) b[at++] = i;
  b[at] = padding;
  b[at + TRAILER.nextHeader] = nextHeader;
  return at + TRAILER.size;
}

/**
 * Bytes of payload in `text` bytes of decrypted text that end at `end`; -1 when the pad length says more than there
 * is (esp_remove_trailer). What the padding holds is not looked at, as with the kernel.
 */
export function payloadLength(b: Uint8Array, end: number, text: number): number {
  return text < TRAILER.size ? -1 : Math.max(-1, text - TRAILER.size - b[end - TRAILER.size]!);
}
