import { formatWords } from "../../core/packet/address.ts";
import type { PacketBatch } from "../../core/packet/batch.ts";
import { u16, u32 } from "../../core/packet/bytes.ts";
import { ICMP } from "../../core/packet/icmp.ts";
import { IPV4, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_TCP, PROTOCOL_UDP } from "../../core/packet/ipv4.ts";
import { IPV6 } from "../../core/packet/ipv6.ts";
import { TCP } from "../../core/packet/tcp.ts";

/**
 * A `log` statement's line in the words of the kernel's nf_log_syslog: `PREFIX IN=wan OUT= SRC=... DST=...`.
 * Not for the hot path: rules that log are limited.
 */
export function logLine(
  prefix: string,
  level: number,
  names: readonly string[],
  batch: PacketBatch,
  row: number,
): string {
  const b = batch.bytes(row), at = batch.network[row]!, four = batch.family[row] === 4;
  const parts = [
    `<${level}>${prefix}IN=${names[batch.inInterface[row]!]} OUT=${names[batch.outInterface[row]!]}`,
  ];
  const family = batch.family[row]!, lane = row * 4;
  if (family !== 0) {
    parts.push(
      `SRC=${formatWords(family, batch.source, lane)}`,
      `DST=${formatWords(family, batch.destination, lane)}`,
      `LEN=${batch.end[row]! - at}`,
      four
        ? `TTL=${b[at + IPV4.ttl]} ID=${u16(b, at + IPV4.identification)}`
        : `HOPLIMIT=${b[at + IPV6.hopLimit]}`,
    );
  }
  parts.push(...transport(batch, row, b));
  if (batch.mark[row] !== 0) parts.push(`MARK=0x${batch.mark[row]!.toString(16)}`);
  return parts.join(" ");
}

function transport(batch: PacketBatch, row: number, b: Uint8Array): string[] {
  const at = batch.transport[row]!, protocol = batch.protocol[row]!;
  const ports = [`SPT=${batch.sourcePort[row]}`, `DPT=${batch.destinationPort[row]}`];
  if (at === 0) return [`PROTO=${protocol}`];
  switch (protocol) {
    case PROTOCOL_TCP:
      return ["PROTO=TCP", ...ports, `SEQ=${u32(b, at + TCP.sequence)}`, ...flags(b[at + TCP.flags]!)];
    case PROTOCOL_UDP:
      return ["PROTO=UDP", ...ports];
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
      return [
        protocol === PROTOCOL_ICMP ? "PROTO=ICMP" : "PROTO=ICMPv6",
        `TYPE=${b[at + ICMP.type]} CODE=${b[at + ICMP.code]}`,
      ];
    default:
      return [`PROTO=${protocol}`];
  }
}

const FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"] as const;
const flags = (bits: number): string[] => FLAGS.filter((_, i) => (bits & (1 << i)) !== 0);
