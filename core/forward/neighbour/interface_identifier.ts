import type { Prefix } from "../../packet/address.ts";
import { sipHash } from "./siphash.ts";

/** Interface identifiers: the low 64 bits of an address made by its own host. */

/** Modified EUI-64 of a link-layer address (RFC 4291 appendix A), as the last two words of an address. */
export function eui64(mac: Uint8Array): readonly [number, number] {
  return [
    ((mac[0]! ^ 2) << 24 | mac[1]! << 16 | mac[2]! << 8 | 0xff) >>> 0,
    (0xfe << 24 | mac[3]! << 16 | mac[4]! << 8 | mac[5]!) >>> 0,
  ];
}

/**
 * Stable, opaque identifier of RFC 7217 section 5: F(prefix, interface, DAD counter, secret) with SipHash-2-4 for F.
 * `secret` is 16 bytes. Reserved identifiers (RFC 5453) are passed over.
 */
export function stableIdentifier(
  prefix: Prefix,
  interfaceName: string,
  counter: number,
  secret: Uint8Array,
): readonly [number, number] {
  for (let skip = 0;; skip++) {
    const name = new TextEncoder().encode(interfaceName);
    const message = new Uint8Array(16 + name.length);
    const view = new DataView(message.buffer);
    view.setUint32(0, prefix.words[0]);
    view.setUint32(4, prefix.words[1]);
    view.setUint32(8, counter);
    view.setUint32(12, skip);
    message.set(name, 16);
    const [high, low] = sipHash(secret, message);
    const anycast = high === 0xfdffffff && low >= 0xffffff80, zero = high === 0 && low === 0;
    const iana = high === 0x02005eff && low >>> 24 === 0xfe;
    if (!anycast && !zero && !iana) return [high, low];
  }
}

/** `prefix` (its first 64 bits) with an identifier behind. */
export const withIdentifier = (
  prefix: Prefix,
  identifier: readonly [number, number],
  length = prefix.length,
): Prefix => ({
  family: 6,
  words: [prefix.words[0], prefix.words[1], identifier[0], identifier[1]],
  length,
});

/** fe80::/64. */
export const LINK_LOCAL_PREFIX: Prefix = { family: 6, words: [0xfe800000, 0, 0, 0], length: 64 };
