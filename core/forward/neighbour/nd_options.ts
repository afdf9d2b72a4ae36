import { u32 } from "../../packet/bytes.ts";
import { isGroup } from "../../packet/ethernet.ts";

/** Neighbour discovery option types: RFC 4861 4.6, RFC 3971 5.3.2 (nonce), RFC 8106. */
export const OPTION_SOURCE_MAC = 1;
export const OPTION_TARGET_MAC = 2;
export const OPTION_PREFIX = 3;
export const OPTION_MTU = 5;
export const OPTION_NONCE = 14;
export const OPTION_RDNSS = 25;

/** Prefix information, RFC 4861 4.6.2. Offsets from the option's start. */
export const PREFIX_OPTION = {
  length: 2,
  flags: 3,
  valid: 4,
  preferred: 8,
  prefix: 16,
  size: 32,
} as const;
export const PREFIX_ON_LINK = 0x80;
export const PREFIX_AUTONOMOUS = 0x40;
/** Recursive DNS servers, RFC 8106 5.1: lifetime, then addresses. */
export const RDNSS_OPTION = { lifetime: 4, addresses: 8, size: 8 } as const;
export const MAC_OPTION_SIZE = 8;
export const MTU_OPTION_SIZE = 8;
/** Lifetimes of all ones mean for ever. */
export const INFINITE_LIFETIME = 0xffffffff;

/**
 * Options of one message: positions in the packet, 0 where absent. Filled by `parse` and good until the next one.
 * Unknown options are skipped (RFC 4861 4.6).
 */
export class NdOptions {
  /** Position of the six bytes. */
  sourceMac = 0;
  targetMac = 0;
  /** Position of the nonce and its length in bytes. */
  nonce = 0;
  nonceLength = 0;
  /** Bytes, 0 when not given. */
  mtu = 0;
  readonly prefixes = new Uint32Array(MOST_OPTIONS);
  prefixCount = 0;
  readonly rdnss = new Uint32Array(MOST_OPTIONS);
  rdnssCount = 0;

  /**
   * False when the message must be dropped whole: an option of length 0, one that runs over the end, or a
   * link-layer address that is not six bytes of a station.
   */
  parse(b: Uint8Array, from: number, end: number): boolean {
    this.sourceMac =
      this.targetMac =
      this.nonce =
      this.nonceLength =
      this.mtu =
        0;
    this.prefixCount = this.rdnssCount = 0;
    for (let at = from; at < end;) {
      if (at + 2 > end) return false;
      const length = b[at + 1]! * 8;
      if (length === 0 || at + length > end) return false;
      switch (b[at]) {
        case OPTION_SOURCE_MAC:
        case OPTION_TARGET_MAC:
          // RFC 1812 3.3.2: nobody's link-layer address is a group's.
          if (length !== MAC_OPTION_SIZE || isGroup(b, at + 2)) return false;
          if (b[at] === OPTION_SOURCE_MAC) this.sourceMac ||= at + 2;
          else this.targetMac ||= at + 2;
          break;
        case OPTION_MTU:
          if (length === MTU_OPTION_SIZE) this.mtu = u32(b, at + 4);
          break;
        case OPTION_NONCE:
          this.nonce = at + 2;
          this.nonceLength = length - 2;
          break;
        case OPTION_PREFIX:
          if (length === PREFIX_OPTION.size && b[at + PREFIX_OPTION.length]! <= 128) this.#prefix(at);
          break;
        case OPTION_RDNSS:
          if (length >= 24 && (b[at + 1]! & 1) === 1 && this.rdnssCount < MOST_OPTIONS) {
            this.rdnss[this.rdnssCount++] = at;
          }
          break;
      }
      at += length;
    }
    return true;
  }

  #prefix(at: number): void {
    if (this.prefixCount < MOST_OPTIONS) this.prefixes[this.prefixCount++] = at;
  }
}

/** Writes a link-layer address option. */
export function putMacOption(b: Uint8Array, at: number, type: number, mac: Uint8Array): void {
  b[at] = type;
  b[at + 1] = 1;
  b.set(mac, at + 2);
}

/** Options of one kind looked at in one message. */
const MOST_OPTIONS = 16;
