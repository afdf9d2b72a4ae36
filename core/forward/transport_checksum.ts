import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { pseudo, transportValid } from "../packet/checksum.ts";
import { CHECKSUM_NONE } from "../packet/columns.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { UDP } from "../packet/udp.ts";

/**
 * False when the packet's transport checksum is known to be wrong (kernel: nf_ip_checksum behind
 * nf_reject_verify_csum). Fragments, protocols without one, and what a device has verified or will fill in count
 * as right.
 */
export function transportChecksumRight(batch: PacketBatch, row: number): boolean {
  const at = batch.transport[row]!, end = batch.end[row]!, family = batch.family[row]!;
  if (batch.checksum[row] !== CHECKSUM_NONE || batch.fragment[row] !== 0 || at === 0) return true;
  const b = batch.bytes(row), protocol = batch.protocol[row]!;
  switch (protocol) {
    case PROTOCOL_ICMP:
      return transportValid(b, at, end, 0);
    case PROTOCOL_UDP:
      if (family === 4 && u16(b, at + UDP.checksum) === 0) return true;
      break;
    case PROTOCOL_TCP:
    case PROTOCOL_ICMPV6:
      break;
    default:
      return true;
  }
  return transportValid(b, at, end, pseudo(b, batch.network[row]!, family, protocol, end - at));
}
