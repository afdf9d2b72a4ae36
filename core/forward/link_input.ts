import { BRIDGE_DROP, BRIDGE_FLOOD, BRIDGE_FORWARD } from "../link/bridge.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import {
  PACKET_BROADCAST,
  PACKET_HOST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  VERDICT_CONTINUE,
} from "../packet/columns.ts";
import {
  ETHERNET,
  ethernetFits,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  isBroadcast,
  isGroup,
  sameMac,
} from "../packet/ethernet.ts";
import { PARSE_CHECKSUM, PARSE_LENGTH, PARSE_OK, PARSE_TRUNCATED, parseIp } from "../packet/parse.ts";
import { VLAN } from "../packet/vlan.ts";
import {
  DROP_BRIDGE,
  DROP_CHECKSUM,
  DROP_ETHERTYPE,
  DROP_LENGTH,
  DROP_NO_INTERFACE,
  DROP_OTHERHOST,
  DROP_TRUNCATED,
  DROP_VERSION,
  DROP_VLAN,
  type Drops,
} from "./drops.ts";
import type { Interfaces } from "./interfaces.ts";
import type { LinkHooks } from "./link_hooks.ts";
import type { Transmitter } from "./transmit.ts";

/**
 * From a frame on the wire to a row the network layer can read: header, VLAN tag, bridge, packet type, parse.
 * Returns LINK_IP for a packet that goes on to prerouting, LINK_ARP for an ARP frame, else LINK_DONE (bridged
 * away, or dropped and counted).
 */
export class LinkInput {
  readonly #interfaces: Interfaces;
  readonly #transmitter: Transmitter;
  readonly #drops: Drops;
  readonly #hooks: LinkHooks;
  /** Set when a frame was flooded and goes on locally: its copies must leave before its bytes change. */
  mustFlush = false;

  constructor(interfaces: Interfaces, transmitter: Transmitter, drops: Drops, hooks: LinkHooks) {
    this.#interfaces = interfaces;
    this.#hooks = hooks;
    this.#transmitter = transmitter;
    this.#drops = drops;
  }

  input(batch: PacketBatch, row: number): number {
    const b = batch.bytes(row), end = batch.end[row]!;
    if (!ethernetFits(batch.start[row]!, end)) return this.#drop(batch, row, DROP_TRUNCATED);
    const index = this.#interfaces.byPort[batch.inPort[row]!]!;
    if (index === 0) return this.#drop(batch, row, DROP_NO_INTERFACE);
    batch.inInterface[row] = index;
    pullTag(batch, row, b, end);
    const start = batch.start[row]!;
    batch.packetType[row] = packetType(b, start, this.#interfaces.macs, index * 6);
    if (this.#hooks.ingress) {
      const device = this.#interfaces.device[batch.inPort[row]!]!;
      if (!this.#hooks.receives(batch, row, device)) return LINK_DONE;
    }
    if (this.#interfaces.bridges[index] !== undefined && !this.#bridged(batch, row, index)) return LINK_DONE;
    if (batch.packetType[row] === PACKET_OTHERHOST) return this.#drop(batch, row, DROP_OTHERHOST);
    if ((batch.vlan[row]! & 0x0fff) !== 0) return this.#drop(batch, row, DROP_VLAN);
    batch.vlan[row] = 0;
    const type = u16(b, start + ETHERNET.type);
    batch.etherType[row] = type;
    batch.network[row] = start + ETHERNET.size;
    if (type === ETHERTYPE_ARP) return LINK_ARP;
    if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return this.#drop(batch, row, DROP_ETHERTYPE);
    const parsed = parseIp(batch, row);
    if (parsed !== PARSE_OK) return this.#drop(batch, row, parseDrop(parsed));
    if ((batch.family[row] === 4) !== (type === ETHERTYPE_IPV4)) return this.#drop(batch, row, DROP_VERSION);
    return LINK_IP;
  }

  /** Whether the frame also goes up from the bridge. */
  #bridged(batch: PacketBatch, row: number, index: number): boolean {
    const bridge = this.#interfaces.bridges[index]!, hooks = this.#hooks;
    if (hooks.bridge && !hooks.bridgePrerouting(batch, row, index)) return false;
    const decision = bridge.input(batch, row);
    if (decision === BRIDGE_DROP) return this.#drop(batch, row, DROP_BRIDGE) !== LINK_DONE;
    if (decision === BRIDGE_FORWARD) {
      if (!hooks.bridge || hooks.bridgeForward(batch, row, index, bridge.port)) {
        this.#transmitter.send(batch, row, bridge.port);
      }
      return false;
    }
    if (decision === BRIDGE_FLOOD) {
      this.#transmitter.flood(batch, row, index, bridge.ports, bridge.portCount);
      if (!bridge.local) return false;
      batch.verdict[row] = VERDICT_CONTINUE;
      this.mustFlush = true;
    }
    if (hooks.bridge && !hooks.bridgeInput(batch, row, index)) return false;
    return !hooks.ingress || hooks.receives(batch, row, index);
  }

  #drop(batch: PacketBatch, row: number, reason: number): number {
    this.#drops.drop(batch, row, reason);
    return LINK_DONE;
  }
}

/** Moves a tag that is still in the frame into the `vlan` column, as drivers do where the device strips it. */
function pullTag(batch: PacketBatch, row: number, b: Uint8Array, end: number): void {
  const start = batch.start[row]!, type = u16(b, start + ETHERNET.type);
  if (type !== ETHERTYPE_VLAN && type !== ETHERTYPE_QINQ) return;
  if (batch.vlan[row] !== 0 || start + ETHERNET.size + VLAN.size > end) return;
  batch.vlan[row] = ((type << 16) | u16(b, start + ETHERNET.size)) >>> 0;
  b.copyWithin(start + VLAN.size, start, start + ETHERNET.type);
  batch.start[row] = start + VLAN.size;
}

/** HOST, BROADCAST, MULTICAST or OTHERHOST for a station with the address at `macs[at]`. */
function packetType(b: Uint8Array, start: number, macs: Uint8Array, at: number): number {
  if (isGroup(b, start)) return isBroadcast(b, start) ? PACKET_BROADCAST : PACKET_MULTICAST;
  return sameMac(b, start, macs, at) ? PACKET_HOST : PACKET_OTHERHOST;
}

/** Drop reason of a failed parse. */
export function parseDrop(parsed: number): number {
  return parsed === PARSE_TRUNCATED
    ? DROP_TRUNCATED
    : parsed === PARSE_LENGTH
    ? DROP_LENGTH
    : parsed === PARSE_CHECKSUM
    ? DROP_CHECKSUM
    : DROP_VERSION;
}

export const LINK_DONE = 0;
export const LINK_IP = 1;
export const LINK_ARP = 2;
