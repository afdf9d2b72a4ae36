import type { PacketBatch } from "../packet/batch.ts";
import { u16 } from "../packet/bytes.ts";
import { PROTOCOL_UDP } from "../packet/ipv4.ts";
import { UDP } from "../packet/udp.ts";
import { RECORD_STREAM_AT, RECORD_WORDS } from "./layout.ts";
import { IPS_SEEN_REPLY } from "./status.ts";
import type { FlowTable } from "./table.ts";

/** UDP with traffic both ways counts as a stream when it is this old, milliseconds. */
export const STREAM_AGE = 2000;
/** UDP-Lite and GRE: at once. */
export const NO_AGE = -1;

/** True when the length field fits (UDP-Lite's is a coverage, judged with its checksum). */
export function udpLengthRight(batch: PacketBatch, row: number): boolean {
  if (batch.protocol[row] !== PROTOCOL_UDP) return true;
  const at = batch.transport[row]!, length = u16(batch.bytes(row), at + UDP.length);
  return length >= UDP.size && at + length <= batch.end[row]!;
}

/** First packet of a datagram flow; it may count as a stream after `age` milliseconds. */
export function openStream(table: FlowTable, flow: number, age: number, now: number): void {
  table.record[flow * RECORD_WORDS + RECORD_STREAM_AT] = now + age;
}

/**
 * Moves a UDP, UDP-Lite or GRE flow on (nf_conntrack_udp_packet): a question keeps the short timeout; an exchange
 * that outlives the flow's age (two seconds for UDP) is a stream, gets the long one and is assured.
 */
export function streamPacket(
  table: FlowTable,
  flow: number,
  timeout: number,
  streamTimeout: number,
  now: number,
): void {
  const replied = (table.status[flow]! & IPS_SEEN_REPLY) !== 0;
  const stream = replied && ((table.record[flow * RECORD_WORDS + RECORD_STREAM_AT]! - now) | 0) < 0;
  table.refresh(flow, stream ? streamTimeout : timeout, now);
  if (stream) table.assure(flow);
}
