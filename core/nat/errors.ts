import { quotedProtocol, quotedTransport } from "../conntrack/quoted.ts";
import type { FlowTable } from "../conntrack/table.ts";
import type { PacketBatch } from "../packet/batch.ts";
import { setU16 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import { CHECKSUM_PARTIAL } from "../packet/columns.ts";
import { ICMP, ICMP_REDIRECT } from "../packet/icmp.ts";
import { ICMPV6_REDIRECT } from "../packet/icmpv6.ts";
import { PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { MANIP_SOURCE } from "./manip.ts";
import { type Replacement, rewrite } from "./rewrite.ts";

/** ICMP or ICMPv6 redirect. */
export function isRedirectMessage(batch: PacketBatch, row: number): boolean {
  const at = batch.transport[row]!;
  if (at === 0) return false;
  return batch.bytes(row)[at] === (batch.family[row] === 4 ? ICMP_REDIRECT : ICMPV6_REDIRECT);
}

/**
 * Writes half `manip` of the packet an ICMP error quotes, as the error's receiver had sent it
 * (nf_nat_icmp_reply_translation), and the ICMP checksum anew. The quoted packet travelled against the error's
 * direction: it gets the addresses of the key of the direction it came in by.
 */
export function rewriteQuoted(
  batch: PacketBatch,
  row: number,
  table: FlowTable,
  flow: number,
  direction: number,
  manip: number,
  to: Replacement,
): void {
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!, family = batch.family[row]!;
  const inner = at + ICMP.size;
  const transport = quotedTransport(b, inner, end, family);
  if (transport === 0) return;
  const other = 1 - direction, protocol = quotedProtocol(b, inner, family);
  const icmp = protocol === PROTOCOL_ICMP || protocol === PROTOCOL_ICMPV6;
  for (let i = 0; i < 4; i++) {
    to.address[i] = manip === MANIP_SOURCE
      ? table.sourceWord(flow, other, i)
      : table.destinationWord(flow, other, i);
  }
  to.port = icmp || manip === MANIP_SOURCE
    ? table.sourcePort(flow, other)
    : table.destinationPort(flow, other);
  rewrite(b, inner, transport, end, family, protocol, manip, to, false);
  if (batch.checksum[row] === CHECKSUM_PARTIAL) return;
  setU16(b, at + ICMP.checksum, 0);
  const base = family === 4 ? 0 : pseudo(b, batch.network[row]!, family, PROTOCOL_ICMPV6, end - at);
  setU16(b, at + ICMP.checksum, finish(sum(b, at, end, base)));
}
