import type { PacketBatch } from "../../packet/batch.ts";
import { setU16, setU32 } from "../../packet/bytes.ts";
import { finish, pseudo, sum } from "../../packet/checksum.ts";
import { CHECKSUM_VALID, ENTRY_OUTPUT } from "../../packet/columns.ts";
import { ETHERTYPE_IPV6 } from "../../packet/ethernet.ts";
import { ICMPV6 } from "../../packet/icmpv6.ts";
import { PROTOCOL_ICMPV6 } from "../../packet/ipv4.ts";
import { IPV6, NEXT_HOP_BY_HOP } from "../../packet/ipv6.ts";
import { parseIp } from "../../packet/parse.ts";

/**
 * Starts an ICMPv6 message of `length` bytes in a new row: IPv6 header written, message zeroed but for its type.
 * -1 when batch or pool are full. Fill it from `messageAt` on, then call `closeMessage`.
 */
export function openMessage(
  batch: PacketBatch,
  interfaceIndex: number,
  from: Uint32Array,
  fromLane: number,
  to: Uint32Array,
  toLane: number,
  type: number,
  length: number,
): number {
  const row = open(batch, interfaceIndex, from, fromLane, to, toLane, 0, length);
  if (row >= 0) batch.bytes(row)[messageAt(batch, row)] = type;
  return row;
}

/**
 * The same for multicast listener messages: hop limit 1 and a hop-by-hop header with the router alert option
 * (RFC 3810 section 5, RFC 2711), eight bytes before the message.
 */
export function openListenerMessage(
  batch: PacketBatch,
  interfaceIndex: number,
  from: Uint32Array,
  to: Uint32Array,
  type: number,
  length: number,
): number {
  const row = open(batch, interfaceIndex, from, 0, to, 0, ALERT.length, length);
  if (row < 0) return row;
  const b = batch.bytes(row), at = batch.network[row]!;
  b[at + IPV6.nextHeader] = NEXT_HOP_BY_HOP;
  b[at + IPV6.hopLimit] = 1;
  b.set(ALERT, at + IPV6.size);
  b[messageAt(batch, row)] = type;
  return row;
}

function open(
  batch: PacketBatch,
  interfaceIndex: number,
  from: Uint32Array,
  fromLane: number,
  to: Uint32Array,
  toLane: number,
  extension: number,
  length: number,
): number {
  const row = batch.make(IPV6.size + extension + length);
  if (row < 0) return row;
  const b = batch.bytes(row), at = batch.start[row]!;
  b.fill(0, at, batch.end[row]!);
  b[at] = 0x60;
  setU16(b, at + IPV6.payloadLength, extension + length);
  b[at + IPV6.nextHeader] = PROTOCOL_ICMPV6;
  b[at + IPV6.hopLimit] = 255;
  for (let i = 0; i < 4; i++) {
    setU32(b, at + IPV6.source + 4 * i, from[fromLane + i]!);
    setU32(b, at + IPV6.destination + 4 * i, to[toLane + i]!);
  }
  batch.network[row] = at;
  batch.transport[row] = at + IPV6.size + extension;
  batch.etherType[row] = ETHERTYPE_IPV6;
  batch.outInterface[row] = interfaceIndex;
  batch.entry[row] = ENTRY_OUTPUT;
  return row;
}

/** First byte of the message of an opened row. */
export const messageAt = (batch: PacketBatch, row: number): number => batch.transport[row]!;

/** Writes the checksum and fills the row's columns; `neighbour` is where it goes. */
export function closeMessage(batch: PacketBatch, row: number, neighbour: number): void {
  const b = batch.bytes(row), at = batch.transport[row]!, end = batch.end[row]!;
  const base = pseudo(b, batch.network[row]!, 6, PROTOCOL_ICMPV6, end - at);
  setU16(b, at + ICMPV6.checksum, finish(sum(b, at, end, base)));
  batch.checksum[row] = CHECKSUM_VALID;
  parseIp(batch, row);
  batch.neighbour[row] = neighbour;
}

/** ICMPv6 next, eight bytes long; router alert 0 (multicast listener discovery), two bytes of padding. */
const ALERT = Uint8Array.of(PROTOCOL_ICMPV6, 0, 5, 2, 0, 0, 1, 0);
