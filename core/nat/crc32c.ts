/** CRC-32C (Castagnoli) of SCTP, RFC 9260 appendix A, reflected. */
const TABLE = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let c = i;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  TABLE[i] = c;
}

/** CRC of [from, to) with the four bytes at `hole` taken as zero. The result goes into the header little-endian. */
export function crc32c(b: Uint8Array, from: number, to: number, hole: number): number {
  let c = 0xffffffff;
  for (let at = from; at < to; at++) {
    const byte = at >= hole && at < hole + 4 ? 0 : b[at]!;
    c = TABLE[(c ^ byte) & 0xff]! ^ (c >>> 8);
  }
  return ~c >>> 0;
}
