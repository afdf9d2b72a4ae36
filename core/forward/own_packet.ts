import type { PacketBatch } from "../packet/batch.ts";
import { setU16, setU32 } from "../packet/bytes.ts";
import { finish, sum } from "../packet/checksum.ts";
import { CHECKSUM_VALID, ENTRY_OUTPUT } from "../packet/columns.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from "../packet/ethernet.ts";
import { IPV4 } from "../packet/ipv4.ts";
import { IPV6, isLinkLocal6 } from "../packet/ipv6.ts";
import { parseIp } from "../packet/parse.ts";

/** Packets the router makes itself: a row, an IP header, and the columns filled as by parsing. */

/** A row for an IP packet of `length` bytes that will enter at the output hook; -1 when there is no room. */
export function makePacket(batch: PacketBatch, family: number, length: number): number {
  const row = batch.make(length);
  if (row < 0) return -1;
  batch.network[row] = batch.start[row]!;
  batch.etherType[row] = family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  batch.entry[row] = ENTRY_OUTPUT;
  return row;
}

/** Writes an IPv4 header without options: hop limit 64 (ip_default_ttl), `flags` the flags and offset word. */
export function writeIpv4(
  b: Uint8Array,
  at: number,
  length: number,
  protocol: number,
  tos: number,
  id: number,
  flags: number,
  source: number,
  destination: number,
): void {
  b[at] = 0x45;
  b[at + IPV4.tos] = tos;
  setU16(b, at + IPV4.totalLength, length);
  setU16(b, at + IPV4.identification, id);
  setU16(b, at + IPV4.flagsOffset, flags);
  b[at + IPV4.ttl] = HOP_LIMIT;
  b[at + IPV4.protocol] = protocol;
  setU16(b, at + IPV4.checksum, 0);
  setU32(b, at + IPV4.source, source);
  setU32(b, at + IPV4.destination, destination);
  setU16(b, at + IPV4.checksum, finish(sum(b, at, at + IPV4.size)));
}

/** Writes an IPv6 header; addresses are four words at the lanes. `length` includes the header. */
export function writeIpv6(
  b: Uint8Array,
  at: number,
  length: number,
  protocol: number,
  trafficClass: number,
  source: Uint32Array,
  sourceLane: number,
  destination: Uint32Array,
  destinationLane: number,
): void {
  setU32(b, at, (6 << 28) | (trafficClass << 20));
  setU16(b, at + IPV6.payloadLength, length - IPV6.size);
  b[at + IPV6.nextHeader] = protocol;
  b[at + IPV6.hopLimit] = HOP_LIMIT;
  for (let w = 0; w < 4; w++) {
    setU32(b, at + IPV6.source + 4 * w, source[sourceLane + w]!);
    setU32(b, at + IPV6.destination + 4 * w, destination[destinationLane + w]!);
  }
}

/** Fills the columns of a finished packet; its checksums are right because they were made here. */
export function finishPacket(batch: PacketBatch, row: number): void {
  batch.checksum[row] = CHECKSUM_VALID;
  parseIp(batch, row);
}

/**
 * The same for an answer to the sender of `about`. It finds its way by routing, which may be another interface than
 * the one asked on; only a link-local sender is on that very link (icmp_route_lookup, icmp6_send).
 */
export function finishAnswer(batch: PacketBatch, row: number, about: number): void {
  const bound = batch.family[about] === 6 && isLinkLocal6(batch.source[about * 4]!);
  batch.outInterface[row] = bound ? batch.inInterface[about]! : 0;
  finishPacket(batch, row);
}

/** Own address for packets out of an interface to the destination at `words[lane]`; false: there is none. */
export type SourceAddress = (
  index: number,
  family: number,
  words: Uint32Array,
  lane: number,
  out: Uint32Array,
) => boolean;

/** What an address is to this router: ROUTE_LOCAL, ROUTE_BROADCAST, ROUTE_MULTICAST or ROUTE_NONE. */
export type AddressType = (family: number, words: Uint32Array, lane: number) => number;

/** Copies bytes between regions, or inside one. */
export function copyBytes(
  to: Uint8Array,
  at: number,
  from: Uint8Array,
  start: number,
  end: number,
): void {
  if (to === from) to.copyWithin(at, start, end);
  else if (end - start > SHORT) to.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) to[at + i - start] = from[i]!;
}

/** Up to here a loop is cheaper than a view. */
const SHORT = 96;
const HOP_LIMIT = 64;
