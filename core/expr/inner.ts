import type { MachineState } from "../classify/state.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { ipv4HeaderLength } from "../packet/ipv4.ts";
import { extensionHeaderLength, FRAGMENT6, IPV6, isExtensionHeader, NEXT_FRAGMENT } from "../packet/ipv6.ts";
import type { InnerLoad } from "./expression.ts";
import { transportAt } from "./payload.ts";

/**
 * Loads from the packet inside a tunnel (nft_inner), whose headers are found each time anew: rules that look there
 * are few, and behind a match on the tunnel's port.
 *
 * Differently  a GRE header is as long as its flags say; the kernel takes four bytes, and a key for the packet.
 */

/** What is asked for: a base that bytes are counted from, or what is known of the packet. */
export const INNER_LINK = 0;
export const INNER_NETWORK = 1;
export const INNER_TRANSPORT = 2;
export const INNER_TUNNEL = 3;
export const INNER_PROTOCOL = 4;
export const INNER_L4PROTO = 5;

/** Tunnels as bytecode numbers them. */
const VXLAN = 1, GENEVE = 2, GRE = 3, GRETAP = 4;
const PROTOCOL_UDP = 17, PROTOCOL_GRE = 47;
const UDP_SIZE = 8, ETHERNET_SIZE = 14, TUNNEL_SIZE = 8;
const TYPE_IPV4 = 0x0800, TYPE_IPV6 = 0x86dd, TYPE_VLAN = 0x8100, TYPE_SERVICE_VLAN = 0x88a8;

/** Places of one packet's headers by INNER_*, -1 where it has none; behind them its two protocols. */
const places = new Int32Array(6);

/** False where the packet has no such thing. */
export function loadInner(
  state: MachineState,
  tunnel: number,
  what: number,
  offset: number,
  length: number,
  to: number,
  batch: PacketBatch,
  row: number,
): boolean {
  findHeaders(tunnel, batch, row);
  const at = places[what]!;
  if (at < 0) return false;
  const r = state.registers;
  if (what === INNER_PROTOCOL) {
    r[to] = ((at & 255) << 8) | (at >>> 8);
    return true;
  }
  if (what === INNER_L4PROTO) {
    r[to] = at;
    return true;
  }
  const from = at + offset;
  if (from + length > batch.end[row]!) return false;
  r[to + ((length - 1) >>> 2)] = 0;
  const b = batch.bytes(row), bytes = state.bytes;
  for (let i = 0; i < length; i++) bytes[to * 4 + i] = b[from + i]!;
  return true;
}

function findHeaders(tunnel: number, batch: PacketBatch, row: number): void {
  places.fill(-1);
  const over = tunnel === VXLAN || tunnel === GENEVE ? PROTOCOL_UDP : PROTOCOL_GRE;
  const outer = transportAt(batch, row), end = batch.end[row]!;
  if (outer < 0 || batch.protocol[row] !== over) return;
  const b = batch.bytes(row);
  const own = over === PROTOCOL_UDP ? outer + UDP_SIZE : outer;
  const size = over === PROTOCOL_UDP ? TUNNEL_SIZE : 4;
  if (own + size > end) return;
  places[INNER_TUNNEL] = own;
  let at = own + size;
  if (tunnel === GENEVE) at += (b[own]! & 63) * 4;
  if (over === PROTOCOL_GRE) {
    const flags = b[own]!;
    if ((b[own + 1]! & 7) !== 0) return;
    at += (flags & 0x80 ? 4 : 0) + (flags & 0x20 ? 4 : 0) + (flags & 0x10 ? 4 : 0);
  }
  if (tunnel === GRE) {
    if (at >= end) return;
    const version = b[at]! >>> 4;
    places[INNER_PROTOCOL] = version === 4 ? TYPE_IPV4 : version === 6 ? TYPE_IPV6 : -1;
  } else {
    if (at + ETHERNET_SIZE > end) return;
    places[INNER_LINK] = at;
    let type = u16(b, at + 12);
    at += ETHERNET_SIZE;
    if ((type === TYPE_VLAN || type === TYPE_SERVICE_VLAN) && at + 4 <= end) {
      type = u16(b, at + 2);
      at += 4;
    }
    places[INNER_PROTOCOL] = type;
  }
  findTransport(b, at, end);
}

function findTransport(b: Uint8Array, at: number, end: number): void {
  if (places[INNER_PROTOCOL] === TYPE_IPV4) {
    if (at + 20 > end || b[at]! >>> 4 !== 4) return;
    const length = ipv4HeaderLength(b, at);
    if (length < 20 || at + length > end) return;
    places[INNER_NETWORK] = at;
    if ((u16(b, at + 6) & 0x1fff) !== 0) return;
    places[INNER_L4PROTO] = b[at + 9]!;
    places[INNER_TRANSPORT] = at + length;
  } else if (places[INNER_PROTOCOL] === TYPE_IPV6) {
    if (at + IPV6.size > end || b[at]! >>> 4 !== 6) return;
    places[INNER_NETWORK] = at;
    let next = b[at + 6]!, place = at + IPV6.size;
    while (isExtensionHeader(next)) {
      if (place + 8 > end) return;
      if (next === NEXT_FRAGMENT && (u16(b, place + FRAGMENT6.offsetFlags) & 0xfff8) !== 0) return;
      const length = extensionHeaderLength(b, place, next);
      next = b[place]!;
      place += length;
    }
    if (place > end) return;
    places[INNER_L4PROTO] = next;
    places[INNER_TRANSPORT] = place;
  }
}

/** What of a packet inside a load asks for; -1 where it is nothing that is known here. */
export function innerPart(load: InnerLoad): number {
  if (load.kind === "meta") {
    return load.key === "protocol" ? INNER_PROTOCOL : load.key === "l4proto" ? INNER_L4PROTO : -1;
  }
  return ["link", "network", "transport", "tunnel"].indexOf(load.base);
}

/** Whether such a load can be carried out. */
export const knowsInner = (tunnel: number, load: InnerLoad): boolean =>
  tunnel >= VXLAN && tunnel <= GRETAP && innerPart(load) >= 0;
