import type { PacketBatch } from "../../core/packet/batch.ts";
import { ETHERNET, ETHERTYPE_QINQ, ETHERTYPE_VLAN } from "../../core/packet/ethernet.ts";

/**
 * The outermost 802.1Q tag of a frame goes into the row's `vlan` column: the MAC addresses move four bytes towards
 * the payload and `start` with them. Untagged frames stay as they are. Checksum positions are absolute and hold.
 */
export function pullTag(b: Uint8Array, batch: PacketBatch, row: number): void {
  const start = batch.start[row]!, type = (b[start + 12]! << 8) | b[start + 13]!;
  if ((type !== ETHERTYPE_VLAN && type !== ETHERTYPE_QINQ) || batch.end[row]! < start + ETHERNET.size + 4) {
    return;
  }
  batch.vlan[row] = ((type << 16) | (b[start + 14]! << 8) | b[start + 15]!) >>> 0;
  b.copyWithin(start + 4, start, start + 12);
  batch.start[row] = start + 4;
}

/** Writes MAC addresses and tag, 16 bytes, to `to[at…]`: what goes before `start` + 12 of the row's own bytes. */
export function writeTag(to: Uint8Array, at: number, batch: PacketBatch, row: number): void {
  const b = batch.memory[batch.region[row]!]!, start = batch.start[row]!, tag = batch.vlan[row]!;
  for (let i = 0; i < 12; i++) to[at + i] = b[start + i]!;
  to[at + 12] = tag >>> 24;
  to[at + 13] = tag >>> 16;
  to[at + 14] = tag >>> 8;
  to[at + 15] = tag;
}
