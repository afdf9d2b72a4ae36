import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { ETHERNET, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/ethernet.ts";
import { PARSE_OK, parseIp } from "../packet/parse.ts";

/**
 * Fills the columns that rules read of a frame whose tag is off (nft_set_pktinfo_ipv4_validate and its like): what is
 * not good IP has no family, protocol or transport. Padding stays: a frame is counted and passed on with it.
 */
export function readFrame(batch: PacketBatch, row: number): void {
  const start = batch.start[row]!, end = batch.end[row]!, type = u16(batch.bytes(row), start + ETHERNET.type);
  // eth_type_trans: a length instead of a type is IEEE 802.2
  batch.etherType[row] = type < LEAST_TYPE ? ETHERTYPE_802_2 : type;
  batch.network[row] = start + ETHERNET.size;
  if (isIp(type)) {
    const parsed = parseIp(batch, row);
    batch.end[row] = end;
    if (parsed === PARSE_OK && (batch.family[row] === 4) === (type === ETHERTYPE_IPV4)) return;
  }
  batch.family[row] = batch.protocol[row] = batch.fragment[row] = 0;
  batch.transport[row] = batch.sourcePort[row] = batch.destinationPort[row] = 0;
}

/** Whether a frame that was read says it is IP and is not. */
export const isMalformedIp = (batch: PacketBatch, row: number): boolean => isIp(batch.etherType[row]!);

const isIp = (type: number): boolean => type === ETHERTYPE_IPV4 || type === ETHERTYPE_IPV6;
const LEAST_TYPE = 0x600;
const ETHERTYPE_802_2 = 4;
