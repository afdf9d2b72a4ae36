import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { pseudo, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_NONE } from "../packet/columns.ts";
import { PROTOCOL_ICMP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { UDP } from "../packet/udp.ts";

/**
 * Whether a packet's transport checksum is right or need not be looked at (nf_checksum): partial ones are not
 * finished yet, valid ones were verified by the device, and UDP's zero means none.
 */
export function transportChecksumRight(batch: PacketBatch, row: number): boolean {
  if (batch.checksum[row] !== CHECKSUM_NONE) return true;
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
  const protocol = batch.protocol[row]!;
  if (protocol === PROTOCOL_UDP && u16(b, at + UDP.checksum) === 0) return true;
  if (protocol === PROTOCOL_ICMP) return transportValid(b, at, end, 0);
  return transportValid(b, at, end, pseudo(b, batch.network[row]!, batch.family[row]!, protocol, end - at));
}

/**
 * UDP-Lite (RFC 3828) covers only `coverage` bytes, the pseudo-header counts the whole length. A coverage that
 * leaves out the header or reaches behind the packet is wrong, and so is a checksum of 0.
 */
export function udpliteChecksumRight(batch: PacketBatch, row: number): boolean {
  const b = batch.bytes(row), at = batch.transport[row]!, length = batch.end[row]! - at;
  const said = u16(b, at + UDP.length), coverage = said === 0 ? length : said;
  if (coverage < UDP.size || coverage > length || u16(b, at + UDP.checksum) === 0) return false;
  if (batch.checksum[row] !== CHECKSUM_NONE) return true;
  const start = pseudo(b, batch.network[row]!, batch.family[row]!, batch.protocol[row]!, length);
  return transportValid(b, at, at + coverage, start);
}
