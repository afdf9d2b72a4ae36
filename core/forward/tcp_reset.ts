import type { PacketBatch } from "../packet/batch.ts";
import { setU16, setU32, u32 } from "../packet/bytes.ts";
import { finish, pseudo, sum } from "../packet/checksum.ts";
import { FRAGMENT_LATER } from "../packet/columns.ts";
import { IPV4, IPV4_DONT_FRAGMENT, isMulticast4, PROTOCOL_TCP } from "../packet/ipv4.ts";
import { IPV6, isMulticast6, isUnspecified6 } from "../packet/ipv6.ts";
import { TCP, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpHeaderLength } from "../packet/tcp.ts";
import { type AddressType, finishAnswer, makePacket, writeIpv4, writeIpv6 } from "./own_packet.ts";
import { ROUTE_BROADCAST, ROUTE_MULTICAST } from "./route_type.ts";
import { transportChecksumRight } from "./transport_checksum.ts";

/**
 * Whether a packet is answered by a reset (the kernel's nf_send_reset and nf_send_reset6): a TCP segment, but never a
 * reset, a later fragment, one with a wrong checksum or a group address.
 */
export function resettable(batch: PacketBatch, row: number, addressType?: AddressType): boolean {
  const family = batch.family[row]!, lane = row * 4, tcp = batch.transport[row]!;
  if (batch.protocol[row] !== PROTOCOL_TCP || tcp === 0 || (batch.fragment[row]! & FRAGMENT_LATER) !== 0) {
    return false;
  }
  if ((batch.bytes(row)[tcp + TCP.flags]! & TCP_RST) !== 0 || !oneHostEach(batch, lane, family)) return false;
  const kind = addressType?.(family, batch.destination, lane) ?? 0;
  return kind !== ROUTE_BROADCAST && kind !== ROUTE_MULTICAST && transportChecksumRight(batch, row);
}

/** Appends the reset that answers a segment (RFC 9293 3.10.7.1). Returns its row, -1 when there is no room. */
export function tcpReset(batch: PacketBatch, row: number): number {
  const family = batch.family[row]!, lane = row * 4, tcp = batch.transport[row]!, old = batch.bytes(row);
  const flags = old[tcp + TCP.flags]!, end = batch.end[row]!, header = family === 4 ? IPV4.size : IPV6.size;
  const made = makePacket(batch, family, header + TCP.size);
  if (made < 0) return -1;
  const b = batch.bytes(made), at = batch.network[made]!, reset = at + header;
  if (family === 4) {
    const source = batch.destination[lane]!, destination = batch.source[lane]!;
    writeIpv4(b, at, header + TCP.size, PROTOCOL_TCP, 0, 0, IPV4_DONT_FRAGMENT, source, destination);
  } else writeIpv6(b, at, header + TCP.size, PROTOCOL_TCP, 0, batch.destination, lane, batch.source, lane);
  b.fill(0, reset, reset + TCP.size);
  setU16(b, reset + TCP.sport, batch.destinationPort[row]!);
  setU16(b, reset + TCP.dport, batch.sourcePort[row]!);
  b[reset + TCP.offset] = TCP.size << 2;
  if ((flags & TCP_ACK) !== 0) {
    setU32(b, reset + TCP.sequence, u32(old, tcp + TCP.acknowledgement));
    b[reset + TCP.flags] = TCP_RST;
  } else {
    const length = end - tcp - tcpHeaderLength(old, tcp) + ((flags & TCP_SYN) !== 0 ? 1 : 0) +
      ((flags & TCP_FIN) !== 0 ? 1 : 0);
    setU32(b, reset + TCP.acknowledgement, (u32(old, tcp + TCP.sequence) + length) >>> 0);
    b[reset + TCP.flags] = TCP_RST | TCP_ACK;
  }
  const sumAfter = pseudo(b, at, family, PROTOCOL_TCP, TCP.size);
  setU16(b, reset + TCP.checksum, finish(sum(b, reset, reset + TCP.size, sumAfter)));
  finishAnswer(batch, made, row);
  return made;
}

/** Both addresses name one host. */
function oneHostEach(batch: PacketBatch, lane: number, family: number): boolean {
  const source = batch.source, destination = batch.destination;
  if (family === 4) {
    const from = source[lane]!;
    return from !== 0 && from >>> 28 < 14 && !isMulticast4(destination[lane]!) &&
      destination[lane] !== 0xffffffff;
  }
  return !isUnspecified6(source, lane) && !isMulticast6(source[lane]!) && !isMulticast6(destination[lane]!) &&
    !isUnspecified6(destination, lane);
}
