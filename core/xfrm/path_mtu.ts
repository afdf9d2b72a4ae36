import type { PacketBatch } from "../packet/batch.ts";
import { u16, u32 } from "../packet/bytes.ts";
import { ICMP, ICMP_UNREACHABLE, UNREACHABLE_FRAGMENTATION_NEEDED } from "../packet/icmp.ts";
import { ICMPV6_PACKET_TOO_BIG } from "../packet/icmpv6.ts";
import { IPV4, PROTOCOL_ESP, PROTOCOL_ICMP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { IPV6, IPV6_MINIMUM_MTU } from "../packet/ipv6.ts";
import { UDP } from "../packet/udp.ts";
import type { States } from "./states.ts";

/**
 * Takes in what a router on the way says about a packet of ours that was ESP (esp4_err, esp6_err, RFC 4301 8.2.1): its
 * state remembers the MTU for ten minutes, and who sends through it is told in turn. An error is believed when it quotes
 * the SPI and ends of a state. Row: a parsed ICMP or ICMPv6 error for this router; anything else is left alone.
 */
export function learnPathMtu(batch: PacketBatch, row: number, states: States): void {
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
  const four = batch.protocol[row] === PROTOCOL_ICMP, quoted = at + QUOTATION;
  if (at === 0 || quoted + (four ? IPV4.size : IPV6.size) > end) return;
  const type = b[at]!;
  if (
    four
      ? type !== ICMP_UNREACHABLE || b[at + ICMP.code] !== UNREACHABLE_FRAGMENTATION_NEEDED
      : type !== ICMPV6_PACKET_TOO_BIG
  ) {
    return;
  }
  const told = four ? u16(b, at + 6) : u32(b, at + 4), header = four ? (b[quoted]! & 15) << 2 : IPV6.size;
  const protocol = b[quoted + (four ? IPV4.protocol : IPV6.nextHeader)]!;
  const esp = quoted + header + (protocol === PROTOCOL_UDP ? UDP.size : 0);
  if ((protocol !== PROTOCOL_ESP && protocol !== PROTOCOL_UDP) || esp + 4 > end) return;
  const address = quoted + (four ? IPV4.destination : IPV6.destination);
  for (let i = 0; i < 4; i++) to[i] = four && i > 0 ? 0 : u32(b, address + 4 * i);
  const state = states.lookup(u32(b, esp), four ? 4 : 6, to, 0, batch.mark[row]!);
  if (state === undefined || (state.options.encapsulation !== undefined) !== (protocol === PROTOCOL_UDP)) {
    return;
  }
  const mtu = Math.max(told, four ? SMALLEST_PATH_MTU : IPV6_MINIMUM_MTU);
  if (state.pathMtuUntil > batch.now && state.pathMtu <= mtu) return;
  state.pathMtu = mtu;
  state.pathMtuUntil = batch.now + PATH_MTU_LIFE;
}

/** The MTU of a state's way: its route's, or less where that was learned. */
export const pathMtu = (
  state: { pathMtu: number; pathMtuUntil: number },
  route: number,
  now: number,
): number => state.pathMtuUntil > now && state.pathMtu < route ? state.pathMtu : route;

const to = new Uint32Array(4);
/** Of an ICMP error, where the packet it is about begins. */
const QUOTATION = 8;
/** ip_rt_min_pmtu: 512 bytes of payload and headers. */
const SMALLEST_PATH_MTU = 552;
/** ip_rt_mtu_expires, milliseconds. */
const PATH_MTU_LIFE = 600_000;
