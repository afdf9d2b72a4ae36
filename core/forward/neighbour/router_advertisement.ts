import { type Address, mask, type Prefix } from "../../packet/address.ts";
import type { PacketBatch } from "../../packet/batch.ts";
import { setU16, setU32 } from "../../packet/bytes.ts";
import { ICMPV6_ROUTER_ADVERT, ROUTER_ADVERTISEMENT } from "../../packet/icmpv6.ts";
import type { AdvertisedPrefix } from "../../plan.ts";
import { closeMessage, messageAt, openMessage } from "./icmpv6_message.ts";
import {
  INFINITE_LIFETIME,
  MAC_OPTION_SIZE,
  MTU_OPTION_SIZE,
  OPTION_MTU,
  OPTION_PREFIX,
  OPTION_RDNSS,
  OPTION_SOURCE_MAC,
  PREFIX_AUTONOMOUS,
  PREFIX_ON_LINK,
  PREFIX_OPTION,
  putMacOption,
  RDNSS_OPTION,
} from "./nd_options.ts";

/** What one router advertisement says, RFC 4861 4.2. Lifetimes in seconds. */
export interface Advertisement {
  readonly hopLimit: number;
  readonly routerLifetime: number;
  readonly mac: Uint8Array;
  readonly mtu: number | undefined;
  readonly prefixes: readonly AdvertisedPrefix[];
  readonly dns: readonly Address[];
  readonly dnsLifetime: number;
}

/** Appends the advertisement; returns the row, -1 when there is no room. At most 16 prefixes and 16 servers. */
export function putAdvertisement(
  batch: PacketBatch,
  interfaceIndex: number,
  from: Uint32Array,
  to: Uint32Array,
  said: Advertisement,
  neighbour: number,
): number {
  const prefixes = said.prefixes.slice(0, MOST), dns = said.dns.filter((a) => a.family === 6).slice(0, MOST);
  const length = ROUTER_ADVERTISEMENT.options + MAC_OPTION_SIZE +
    (said.mtu === undefined ? 0 : MTU_OPTION_SIZE) +
    prefixes.length * PREFIX_OPTION.size + (dns.length === 0 ? 0 : RDNSS_OPTION.size + 16 * dns.length);
  const row = openMessage(batch, interfaceIndex, from, 0, to, 0, ICMPV6_ROUTER_ADVERT, length);
  if (row < 0) return row;
  const b = batch.bytes(row), at = messageAt(batch, row);
  b[at + ROUTER_ADVERTISEMENT.hopLimit] = said.hopLimit;
  setU16(b, at + ROUTER_ADVERTISEMENT.lifetime, said.routerLifetime);
  let option = at + ROUTER_ADVERTISEMENT.options;
  putMacOption(b, option, OPTION_SOURCE_MAC, said.mac);
  option += MAC_OPTION_SIZE;
  if (said.mtu !== undefined) {
    b[option] = OPTION_MTU;
    b[option + 1] = 1;
    setU32(b, option + 4, said.mtu);
    option += MTU_OPTION_SIZE;
  }
  for (const prefix of prefixes) {
    putPrefix(b, option, prefix);
    option += PREFIX_OPTION.size;
  }
  if (dns.length > 0) {
    b[option] = OPTION_RDNSS;
    b[option + 1] = 1 + 2 * dns.length;
    setU32(b, option + RDNSS_OPTION.lifetime, seconds(said.dnsLifetime));
    option += RDNSS_OPTION.addresses;
    for (const server of dns) {
      for (const word of server.words) {
        setU32(b, option, word);
        option += 4;
      }
    }
  }
  closeMessage(batch, row, neighbour);
  return row;
}

function putPrefix(b: Uint8Array, at: number, prefix: AdvertisedPrefix): void {
  b[at] = OPTION_PREFIX;
  b[at + 1] = 4;
  b[at + PREFIX_OPTION.length] = prefix.length;
  // Hosts make addresses of 64-bit identifiers only (RFC 4291 2.5.1): other lengths are merely on link.
  b[at + PREFIX_OPTION.flags] = PREFIX_ON_LINK | (prefix.length === 64 ? PREFIX_AUTONOMOUS : 0);
  setU32(b, at + PREFIX_OPTION.valid, seconds(prefix.validLifetime));
  setU32(b, at + PREFIX_OPTION.preferred, seconds(prefix.preferredLifetime));
  putNetwork(b, at + PREFIX_OPTION.prefix, prefix);
}

function putNetwork(b: Uint8Array, at: number, prefix: Prefix): void {
  for (const [i, word] of prefix.words.entries()) {
    setU32(b, at + 4 * i, (word & mask(prefix.length - 32 * i)) >>> 0);
  }
}

const seconds = (lifetime: number): number => Math.min(INFINITE_LIFETIME, Math.max(0, Math.floor(lifetime)));

const MOST = 16;
