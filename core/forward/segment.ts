import type { PacketBatch } from "../packet/batch.ts";
import { setU16, setU32, u16, u32 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import {
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_VALID,
  SEGMENT_ECN,
  SEGMENT_NONE,
  SEGMENT_TCP4,
  SEGMENT_TCP6,
  SEGMENT_UDP_L4,
  VERDICT_DROP,
  VERDICT_STOLEN,
} from "../packet/columns.ts";
import { ETHERNET, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/ethernet.ts";
import { IPV4, ipv4HeaderLength, PROTOCOL_TCP, PROTOCOL_UDP } from "../packet/ipv4.ts";
import { IPV6 } from "../packet/ipv6.ts";
import { PARSE_OK, parseIp } from "../packet/parse.ts";
import { TCP, TCP_CWR, TCP_FIN, TCP_PSH, tcpHeaderLength } from "../packet/tcp.ts";
import { UDP } from "../packet/udp.ts";
import { copyBytes } from "./own_packet.ts";

/**
 * What devices do where they can and this file where they cannot: cutting super-packets into segments (kernel:
 * tcp_gso_segment, __udp_gso_segment) and finishing partial checksums (skb_checksum_help).
 */

/**
 * Whether a packet is longer than an MTU as the wire will see it: a super-packet by its segments
 * (skb_gso_validate_network_len), a packet reassembled here by its largest fragment (ip_exceeds_mtu: the sender
 * did cut it, so `don't fragment` is about the pieces), any other by its length.
 */
export function exceedsMtu(batch: PacketBatch, row: number, mtu: number): boolean {
  return batch.end[row]! - batch.network[row]! > mtu && wireLength(batch, row) > mtu;
}

/** Bytes of the longest IP packet the wire will see of a row. */
export function wireLength(batch: PacketBatch, row: number): number {
  const network = batch.network[row]!, length = batch.end[row]! - network;
  if (batch.fragmentSize[row] !== 0) return Math.min(length, batch.fragmentSize[row]!);
  const transport = batch.transport[row]!, kind = batch.segmentType[row]! & ~SEGMENT_ECN;
  if (kind === SEGMENT_NONE || batch.segmentSize[row] === 0 || transport === 0) return length;
  if (kind !== SEGMENT_TCP4 && kind !== SEGMENT_TCP6 && kind !== SEGMENT_UDP_L4) return length;
  const header = kind === SEGMENT_UDP_L4 ? UDP.size : tcpHeaderLength(batch.bytes(row), transport);
  return Math.min(length, transport - network + header + batch.segmentSize[row]!);
}

/**
 * Finishes a CHECKSUM_PARTIAL row in place: the field holds the pseudo-header's sum, the rest is added. False (and
 * the row's state is CHECKSUM_NONE) when the positions lie outside the packet.
 */
export function completeChecksum(batch: PacketBatch, row: number): boolean {
  if (batch.checksum[row] !== CHECKSUM_PARTIAL) return true;
  const b = batch.bytes(row), from = batch.checksumStart[row]!, end = batch.end[row]!;
  const field = from + batch.checksumOffset[row]!;
  if (from < batch.start[row]! || field + 2 > end) {
    batch.checksum[row] = CHECKSUM_NONE;
    return false;
  }
  // A sum of zero is written as its other form: in UDP zero would mean "none" (CSUM_MANGLED_0).
  setU16(b, field, finish(sum(b, from, end)) || 0xffff);
  batch.checksum[row] = CHECKSUM_VALID;
  return true;
}

/**
 * Cuts a super-packet into its segments, appended to the batch one after another with the row's columns and its
 * link header; the row itself is STOLEN. A frame nobody parsed (bridged) is parsed here. Returns how many were
 * made; -1 when it is none that can be cut, or batch or pool are full (the row keeps its verdict). Without `checksums`
 * those of the transport are left as they fall: for who looks at none.
 */
export function segment(batch: PacketBatch, row: number, checksums = true): number {
  const kind = batch.segmentType[row]! & ~SEGMENT_ECN, size = batch.segmentSize[row]!;
  const tcp = kind === SEGMENT_TCP4 || kind === SEGMENT_TCP6;
  if (size === 0 || (!tcp && kind !== SEGMENT_UDP_L4) || !located(batch, row)) return -1;
  if (batch.protocol[row] !== (tcp ? PROTOCOL_TCP : PROTOCOL_UDP)) return -1;
  const b = batch.bytes(row),
    start = batch.start[row]!,
    end = batch.end[row]!,
    transport = batch.transport[row]!;
  const headers = transport + (tcp ? tcpHeaderLength(b, transport) : UDP.size);
  const count = Math.max(1, Math.ceil((end - headers) / size));
  if (batch.count + count > batch.capacity || batch.pool.available < count) return -1;
  const first = batch.count;
  const checked = checksums &&
    (tcp || batch.checksum[row] === CHECKSUM_PARTIAL || u16(b, transport + UDP.checksum) !== 0);
  for (let i = 0; i < count; i++) {
    const from = headers + i * size, to = Math.min(end, from + size);
    const made = batch.make(headers - start + to - from);
    if (made < 0) {
      for (let r = first; r < batch.count; r++) batch.verdict[r] = VERDICT_DROP;
      return -1;
    }
    const at = batch.start[made]!, shift = at - start, stop = batch.end[made]!, into = batch.bytes(made);
    batch.copyRow(made, batch, row, shift);
    batch.end[made] = stop;
    batch.segmentType[made] = SEGMENT_NONE;
    batch.segmentSize[made] = batch.checksumStart[made] = batch.checksumOffset[made] = 0;
    batch.checksum[made] = checked ? CHECKSUM_VALID : CHECKSUM_NONE;
    copyBytes(into, at, b, start, headers);
    copyBytes(into, at + headers - start, b, from, to);
    if (tcp) cutTcp(into, transport + shift, i * size, i === 0, i === count - 1);
    else setU16(into, transport + shift + UDP.length, stop - transport - shift);
    cutIp(into, batch.network[row]! + shift, batch.family[row]!, stop, i);
    if (checked) {
      const field = transport + shift + (tcp ? TCP.checksum : UDP.checksum);
      setU16(into, field, 0);
      const protocol = tcp ? PROTOCOL_TCP : PROTOCOL_UDP, length = stop - transport - shift;
      const base = pseudo(into, batch.network[made]!, batch.family[made]!, protocol, length);
      const checksum = finish(sum(into, transport + shift, stop, base));
      setU16(into, field, !tcp && checksum === 0 ? 0xffff : checksum);
    }
  }
  batch.verdict[row] = VERDICT_STOLEN;
  return count;
}

/** Sequence number and flags of one segment: FIN and PSH on the last only, CWR on the first only (RFC 3168 6.1.2). */
function cutTcp(b: Uint8Array, at: number, offset: number, first: boolean, last: boolean): void {
  setU32(b, at + TCP.sequence, (u32(b, at + TCP.sequence) + offset) >>> 0);
  let flags = b[at + TCP.flags]!;
  if (!last) flags &= ~(TCP_FIN | TCP_PSH);
  if (!first) flags &= ~TCP_CWR;
  b[at + TCP.flags] = flags;
}

/** Lengths, and for IPv4 an identification of its own and the header checksum. */
function cutIp(b: Uint8Array, at: number, family: number, end: number, index: number): void {
  if (family === 6) return setU16(b, at + IPV6.payloadLength, end - at - IPV6.size);
  setU16(b, at + IPV4.totalLength, end - at);
  setU16(b, at + IPV4.identification, u16(b, at + IPV4.identification) + index);
  setU16(b, at + IPV4.checksum, 0);
  setU16(b, at + IPV4.checksum, finish(sum(b, at, at + ipv4HeaderLength(b, at))));
}

/** Whether the row's headers are known; a bridged frame is parsed for it. */
function located(batch: PacketBatch, row: number): boolean {
  if (batch.network[row] === 0) {
    const start = batch.start[row]!, type = u16(batch.bytes(row), start + ETHERNET.type);
    if (type !== ETHERTYPE_IPV4 && type !== ETHERTYPE_IPV6) return false;
    batch.network[row] = start + ETHERNET.size;
  }
  if (batch.transport[row] === 0 && parseIp(batch, row) !== PARSE_OK) return false;
  return batch.transport[row] !== 0 && batch.fragment[row] === 0;
}
