import { formatMac, parseAddress } from "../core/packet/address.ts";
import { ARP, ARP_REPLY } from "../core/packet/arp.ts";
import { arp, ethernet, icmp } from "../core/packet/build.ts";
import { u16, u32 } from "../core/packet/bytes.ts";
import { ETHERNET, ETHERTYPE_ARP, ETHERTYPE_IPV6 } from "../core/packet/ethernet.ts";
import { addressBytes } from "../drivers/sys/socket_address.ts";
import type { WireTap } from "./wire_tap.ts";

/** A station that exists only in frames that a test sends by a tap. */
export interface Station {
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

/** Asks by ARP for the router's link-layer address; the router learns the station's on the way. */
export async function gatewayOf(tap: WireTap, station: Station, router: string): Promise<string> {
  const wanted = parseAddress(router)!.words[0];
  for (let attempt = 0; attempt < 5; attempt++) {
    tap.trySend(arp(station.mac, station.ipv4, router));
    const [answer] = await tap.collect(
      (frame) =>
        u16(frame, ETHERNET.type) === ETHERTYPE_ARP &&
        u16(frame, ETHERNET.size + ARP.operation) === ARP_REPLY &&
        u32(frame, ETHERNET.size + ARP.senderAddress) === wanted,
      500,
      1,
    );
    if (answer !== undefined) return formatMac(answer.subarray(6, 12));
  }
  throw new Error(`nobody answers for ${router}`);
}

/**
 * Answers for a station: a frame that asks for its address by ARP or neighbour solicitation gets the answer a host
 * would give. Whether it was one.
 */
export function answerAs(tap: WireTap, station: Station, frame: Uint8Array): boolean {
  const at = ETHERNET.size, asker = formatMac(frame.subarray(6, 12));
  if (u16(frame, ETHERNET.type) === ETHERTYPE_ARP) {
    if (u32(frame, at + ARP.targetAddress) !== parseAddress(station.ipv4)!.words[0]) return false;
    if (u16(frame, at + ARP.operation) === ARP_REPLY) return false;
    const sender = parseAddress(station.ipv4)!.words[0];
    if (u32(frame, at + ARP.senderAddress) === sender) return false;
    const from = [...frame.subarray(at + ARP.senderAddress, at + ARP.senderAddress + 4)].join(".");
    tap.send(arp(station.mac, station.ipv4, from, ARP_REPLY, asker));
    return true;
  }
  if (u16(frame, ETHERNET.type) !== ETHERTYPE_IPV6 || frame[at + 6] !== 58 || frame[at + 40] !== 135) {
    return false;
  }
  const own = addressBytes(parseAddress(station.ipv6)!);
  if (!own.every((byte, i) => frame[at + 48 + i] === byte)) return false;
  const to = formatIpv6(frame.subarray(at + 8, at + 24));
  const payload = new Uint8Array(24);
  payload.set(own);
  // target link-layer address option, RFC 4861 4.6.1
  payload.set([2, 1, ...station.mac.split(":").map((byte) => parseInt(byte, 16))], 16);
  // solicited, override
  const answer = icmp({ from: station.ipv6, to, ttl: 255 }, 136, 0, 0x60000000, payload);
  tap.send(ethernet(station.mac, asker, answer));
  return true;
}

const formatIpv6 = (bytes: Uint8Array): string =>
  Array.from({ length: 8 }, (_, i) => u16(bytes, 2 * i).toString(16)).join(":");
