import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { PROTOCOL_GRE, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { templateZone } from "../packet/zone_template.ts";
import { KEY_DESTINATION, KEY_META, KEY_PORTS, KEY_SOURCE, keyMeta } from "./key.ts";
import { hasPorts } from "./quoted.ts";
import { ORIGINAL } from "./status.ts";

/** The key of a parsed packet, in the zone it would have as a flow's original direction. */
export function packetKey(key: Uint32Array, batch: PacketBatch, row: number): void {
  const at = row * 4, protocol = batch.protocol[row]!;
  for (let i = 0; i < 4; i++) {
    key[KEY_SOURCE + i] = batch.source[at + i]!;
    key[KEY_DESTINATION + i] = batch.destination[at + i]!;
  }
  const told = hasPorts(protocol) || protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6;
  key[KEY_PORTS] = told
    ? (batch.sourcePort[row]! << 16) | batch.destinationPort[row]!
    : protocol === PROTOCOL_GRE
    ? pptpCallId(batch.bytes(row), batch.transport[row]!, batch.end[row]!)
    : 0;
  const flow = batch.flow[row]!, zone = flow < -1 ? templateZone(flow, ORIGINAL) : 0;
  key[KEY_META] = keyMeta(protocol, batch.family[row]!, zone);
}

/** Enhanced GRE (RFC 2637 4.1): the call id is the destination's; plain GRE has nothing to tell flows apart by. */
const pptpCallId = (b: Uint8Array, at: number, end: number): number =>
  at + 8 <= end && (b[at + 1]! & 7) === 1 ? u16(b, at + 6) : 0;
