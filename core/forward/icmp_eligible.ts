import type { PacketBatch } from "../packet/batch.ts";
import { FRAGMENT_LATER, PACKET_HOST } from "../packet/columns.ts";
import { isIcmpError } from "../packet/icmp.ts";
import {
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_REDIRECT,
  isIcmpv6Error,
} from "../packet/icmpv6.ts";
import { isLoopback4, PROTOCOL_ICMP, PROTOCOL_ICMPV6 } from "../packet/ipv4.ts";
import { isMulticast6, isUnspecified6 } from "../packet/ipv6.ts";
import { ROUTE_BROADCAST, ROUTE_MULTICAST } from "./route_type.ts";

/**
 * About which packets an error may be sent. `destinationType` is what the packet's destination is to this router
 * (`Routes.addressType`).
 */

/** RFC 1122 3.2.2, RFC 1812 4.3.2.7; the kernel's __icmp_send. */
export function eligible4(batch: PacketBatch, row: number, destinationType: number): boolean {
  const source = batch.source[row * 4]!;
  if (batch.packetType[row] !== PACKET_HOST) return false;
  if (destinationType === ROUTE_BROADCAST || destinationType === ROUTE_MULTICAST) return false;
  if ((batch.fragment[row]! & FRAGMENT_LATER) !== 0) return false;
  // Not one host: unspecified, loopback, multicast, class E and broadcast.
  if (source === 0 || isLoopback4(source) || source >>> 28 >= 14) return false;
  if (batch.protocol[row] !== PROTOCOL_ICMP) return true;
  // An ICMP header too short to read, or a type the kernel does not know (above 18), gets none either.
  const type = batch.destinationPort[row]! >>> 8;
  return batch.transport[row] !== 0 && type <= 18 && !isIcmpError(type);
}

/** RFC 4443 2.4 (e); the kernel's icmp6_send. Multicast destinations may hear of MTU and unknown options. */
export function eligible6(
  batch: PacketBatch,
  row: number,
  destinationType: number,
  type: number,
  code: number,
  pointer: number,
): boolean {
  const lane = row * 4;
  if (isUnspecified6(batch.source, lane) || isMulticast6(batch.source[lane]!)) return false;
  if (destinationType === ROUTE_MULTICAST || batch.packetType[row] !== PACKET_HOST) {
    const option = type === ICMPV6_PARAMETER_PROBLEM && code === UNRECOGNISED_OPTION &&
      asksForReport(batch, row, pointer);
    if (type !== ICMPV6_PACKET_TOO_BIG && !option) return false;
  }
  if (batch.protocol[row] !== PROTOCOL_ICMPV6) return true;
  // A later fragment of an ICMPv6 message says nothing of its type; the kernel answers it (is_ineligible).
  if ((batch.fragment[row]! & FRAGMENT_LATER) !== 0) return true;
  const about = batch.destinationPort[row]! >>> 8;
  return batch.transport[row] !== 0 && !isIcmpv6Error(about) && about !== ICMPV6_REDIRECT;
}

/** The option's two high bits are 10: report whatever the destination (RFC 8200 4.2). */
function asksForReport(batch: PacketBatch, row: number, pointer: number): boolean {
  const at = batch.network[row]! + pointer;
  return at < batch.end[row]! && (batch.bytes(row)[at]! & 0xc0) === 0x80;
}

const UNRECOGNISED_OPTION = 2;
