import { formatMac } from "../../../../core/packet/address.ts";
import { arp, ethernet, icmp } from "../../../../core/packet/build.ts";
import { ARP, ARP_REPLY, ARP_REQUEST } from "../../../../core/packet/arp.ts";
import { u16 } from "../../../../core/packet/bytes.ts";
import { ETHERNET } from "../../../../core/packet/ethernet.ts";
import {
  ICMPV6_NEIGHBOUR_ADVERT,
  ICMPV6_NEIGHBOUR_SOLICIT,
  ICMPV6_ROUTER_ADVERT,
  NEIGHBOUR,
  ROUTER_ADVERTISEMENT,
} from "../../../../core/packet/icmpv6.ts";
import { addressBytes } from "../../../../drivers/sys/socket_address.ts";
import { addressOf } from "../address.ts";
import { addressAt, type ReadPacket } from "./packet.ts";

/** What a host must say and understand to have neighbours: ARP (RFC 826) and neighbour discovery (RFC 4861). */

const macBytes = (mac: string): number[] => mac.split(":").map((part) => parseInt(part, 16));

/** Solicited-node group of an address and its Ethernet address (RFC 4291 2.7.1, RFC 2464 7). */
function solicitedNode(target: string): { group: string; mac: string } {
  const low = [...addressBytes(addressOf(target)).subarray(13)].map((b) => b.toString(16).padStart(2, "0"));
  return { group: `ff02::1:ff${low[0]}:${low[1]}${low[2]}`, mac: `33:33:ff:${low.join(":")}` };
}

/** A frame that asks who has `target`. */
export function question(mac: string, own: string, target: string): Uint8Array {
  if (!target.includes(":")) return arp(mac, own, target);
  const { group, mac: to } = solicitedNode(target), payload = new Uint8Array(24);
  payload.set(addressBytes(addressOf(target)));
  payload.set([1, 1, ...macBytes(mac)], 16);
  return ethernet(mac, to, icmp({ from: own, to: group, ttl: 255 }, ICMPV6_NEIGHBOUR_SOLICIT, 0, 0, payload));
}

/** The answer to an ARP frame about one of `addresses`, and whom it was from. */
export function readArp(frame: Uint8Array, mac: string, addresses: readonly string[]) {
  const b = frame.subarray(ETHERNET.size);
  const sender = addressAt(b, ARP.senderAddress, 4), senderMac = formatMac(b, ARP.senderMac);
  const target = addressAt(b, ARP.targetAddress, 4);
  const asked = u16(b, ARP.operation) === ARP_REQUEST && addresses.includes(target);
  return { sender, senderMac, answer: asked ? arp(mac, target, sender, ARP_REPLY, senderMac) : undefined };
}

/** The advertisement that answers a solicitation of one of `addresses`; undefined for any other packet. */
export function advertisement(p: ReadPacket, mac: string, senderMac: string, addresses: readonly string[]) {
  if (p.payload[0] !== ICMPV6_NEIGHBOUR_SOLICIT || p.from === "::") return undefined;
  const target = addressAt(p.payload, NEIGHBOUR.target, 6);
  if (!addresses.includes(target)) return undefined;
  const payload = new Uint8Array(24);
  payload.set(addressBytes(addressOf(target)));
  payload.set([2, 1, ...macBytes(mac)], 16);
  // solicited, override
  const flags = 0x60000000;
  const answer = icmp({ from: target, to: p.from, ttl: 255 }, ICMPV6_NEIGHBOUR_ADVERT, 0, flags, payload);
  return ethernet(mac, senderMac, answer);
}

/** Whose link-layer address a neighbour advertisement tells; undefined for any other packet. */
export const advertised = (p: ReadPacket): string | undefined =>
  p.payload[0] === ICMPV6_NEIGHBOUR_ADVERT ? addressAt(p.payload, NEIGHBOUR.target, 6) : undefined;

/** /64 prefixes for autonomous configuration in a router advertisement; undefined for any other packet. */
export function advertisedPrefixes(p: ReadPacket): { prefixes: string[]; isDefault: boolean } | undefined {
  if (p.payload[0] !== ICMPV6_ROUTER_ADVERT || p.ttl !== 255) return undefined;
  const b = p.payload, prefixes: string[] = [];
  for (
    let at: number = ROUTER_ADVERTISEMENT.options;
    at + 8 <= b.length && b[at + 1]! > 0;
    at += 8 * b[at + 1]!
  ) {
    if (b[at] === PREFIX_INFORMATION && b[at + 2] === 64 && (b[at + 3]! & AUTONOMOUS) !== 0) {
      prefixes.push(addressAt(b, at + 16, 6));
    }
  }
  return { prefixes, isDefault: u16(b, ROUTER_ADVERTISEMENT.lifetime) > 0 };
}
const PREFIX_INFORMATION = 3, AUTONOMOUS = 0x40;
